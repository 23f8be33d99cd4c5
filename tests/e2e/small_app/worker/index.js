if (!process.env.TURSO_DATABASE_URL) throw new Error("TURSO_DATABASE_URL is required");
console.log("[Worker] Started, polling every 3000ms");
setInterval(() => {}, 1000);
process.on("SIGTERM", () => process.exit(0));
