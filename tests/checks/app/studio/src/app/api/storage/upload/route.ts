import { storage } from "@/lib/storage";

export async function POST(request: Request) {
  const { key, contentType, size } = await request.json();
  const uploadUrl = await storage().signPut(key, contentType, size);
  return Response.json({ success: true, data: { uploadUrl, method: "PUT", key } });
}
