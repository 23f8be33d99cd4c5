import { localFile } from "@/lib/storage/local";
import { signGet } from "@/lib/storage/r2";

export async function GET(request: Request) {
  const key = new URL(request.url).searchParams.get("key") ?? "";
  // Not the storage of DEPLOY_ENV: this route chooses by itself.
  if (process.env["STORAGE_BACKEND"] !== "r2") return localFile(key);
  return Response.json({ success: true, data: { downloadUrl: await signGet(key), expiresAt: Date.now() + 3_600_000 } });
}
