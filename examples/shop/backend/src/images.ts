import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { settings } from "./settings.js";

const { endpoint, region, bucket, accessKey, secretKey } = settings.s3;
const client = new S3Client({
  endpoint,
  region,
  forcePathStyle: true,
  credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
});

export async function storeImage(key: string, contentType: string, body: Buffer): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, ContentType: contentType, Body: body }));
}

export async function loadImage(key: string): Promise<Uint8Array> {
  const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (!object.Body) {
    throw new Error(`${key} is empty`);
  }
  return object.Body.transformToByteArray();
}
