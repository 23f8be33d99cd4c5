import { jobs } from "@/lib/jobs/store";
import { canDispatch } from "@/lib/render/modal";

export async function POST(request: Request) {
  if (!canDispatch()) return Response.json({ success: false, error: "rendering is not configured" }, { status: 503 });
  const jobId = await jobs().add("render", await request.json());
  return Response.json({ success: true, data: { jobId, status: "pending" } });
}
