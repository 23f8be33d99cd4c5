import { timingSafeEqual } from "node:crypto";

import { jobs } from "@/lib/jobs/store";

export async function POST(request: Request) {
  const { INTERNAL_WEBHOOK_SECRET: secret } = process.env;
  if (!secret) return Response.json({ error: "secret not configured" }, { status: 500 });
  const given = Buffer.from(request.headers.get("authorization") ?? "");
  const wanted = Buffer.from(`Bearer ${secret}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return new Response(null, { status: 401 });
  const { jobId, status, result } = await request.json();
  await jobs().finish(jobId, status, result);
  return Response.json({ success: true });
}
