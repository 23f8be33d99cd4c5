import { jobs } from "@/lib/jobs/store";

export async function POST(request: Request) {
  const form = await request.formData();
  const jobId = await jobs().add("ingest", { name: String(form.get("file")) });
  return Response.json({ success: true, data: { jobId, status: "pending" } });
}
