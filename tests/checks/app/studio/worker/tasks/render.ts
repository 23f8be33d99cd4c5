import type { Job } from "@/lib/jobs/types";
import { dispatch } from "@/lib/render/modal";
import { signGet } from "@/lib/storage/r2.js";

const { NEXT_PUBLIC_APP_URL: origin, INTERNAL_WEBHOOK_SECRET } = process.env;

export default async function render(job: Job) {
  const { call_id, gpu } = await dispatch({
    job_id: job.jobId,
    audio_signed_url: await signGet(String(job.metadata.key)),
    webhook_url: `${origin}/api/webhooks/worker`,
    webhook_secret: INTERNAL_WEBHOOK_SECRET,
  });
  console.log(`[Render] Job ${job.jobId} dispatched to Modal (call_id=${call_id}, gpu=${gpu})`);
}
