import type { S3FileStore, S3Options } from './s3-file-store.js';

/** Files in S3. The SDK is loaded here and not before: most processes keep their files in a folder. */
export async function openS3FileStore(options: S3Options): Promise<S3FileStore> {
  const { S3FileStore } = await import('./s3-file-store.js');
  return new S3FileStore(options);
}
