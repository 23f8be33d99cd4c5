import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

import { requireEnv } from "@/lib/env";

function client(): S3Client {
  return new S3Client({
    region: "auto",
    endpoint: `https://${requireEnv("R2_ACCOUNT_ID")}.r2.cloudflarestorage.com`,
    credentials: {
      accessKeyId: requireEnv("R2_ACCESS_KEY_ID"),
      secretAccessKey: requireEnv("R2_SECRET_ACCESS_KEY"),
    },
  });
}

const bucket = () => requireEnv("R2_BUCKET_NAME");

export const signPut = (Key: string, ContentType: string, ContentLength: number) =>
  getSignedUrl(client(), new PutObjectCommand({ Bucket: bucket(), Key, ContentType, ContentLength }));
export const signGet = (Key: string) => getSignedUrl(client(), new GetObjectCommand({ Bucket: bucket(), Key }));
