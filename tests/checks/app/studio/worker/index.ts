import { isProduction } from "@/lib/deployment";
import { jobs } from "@/lib/jobs/store";

import { settings } from "./settings";
import { run } from "./tasks";

if (!process.env.TURSO_DATABASE_URL) {
  console.error("[Worker] TURSO_DATABASE_URL is required");
  process.exit(1);
}
if (!isProduction()) console.warn("[Worker] not in production");
console.log(`[Worker] Started, polling every ${settings.pollMs}ms`);
for (;;) {
  const job = await jobs().claim();
  if (job) await run(job);
  await new Promise((resolve) => setTimeout(resolve, settings.pollMs));
}
