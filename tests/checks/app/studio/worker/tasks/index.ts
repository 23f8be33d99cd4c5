import type { Job } from "@/lib/jobs/types";

export async function run(job: Job) {
  const task = job.type === "render" ? await import("./render") : await import("./ingest");
  await task.default(job);
}
