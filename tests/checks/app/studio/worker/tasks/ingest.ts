import type { Job } from "@/lib/jobs/types";

export default async function ingest(job: Job) {
  if (process.env.STORAGE_BACKEND !== "r2") throw new Error("the worker knows R2 only");
  console.log(`[Worker] Finished job ${job.jobId}`);
}
