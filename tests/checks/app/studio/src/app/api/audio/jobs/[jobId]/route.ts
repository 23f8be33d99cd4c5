import { jobs } from "@/lib/jobs/store";

export async function GET(_: Request, { params }: { params: Promise<{ jobId: string }> }) {
  const job = await jobs().find((await params).jobId);
  return job ? Response.json(job) : Response.json({ error: "no such job" }, { status: 404 });
}
