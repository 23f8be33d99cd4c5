// Stops a build that would come out wrong: Next.js writes NEXT_PUBLIC_ variables into what browsers load.
const NEEDED = ["NEXT_PUBLIC_APP_URL"] as const;

const missing = NEEDED.filter((name) => !process.env[name]);
if (process.env.CI && missing.length) throw new Error(`missing: ${missing.join(", ")}`);
