export { FileNotFoundError, InvalidKeyError, RangeNotSatisfiableError } from './file-store.errors.js';
export type { ByteRange, FileInfo, FileStore, WriteOptions, WrittenFile } from './file-store.js';
export { FolderFileStore } from './folder-file-store.js';
export { LinkSigner } from './link-signer.js';
export { openS3FileStore } from './open-s3-file-store.js';
export type { S3FileStore, S3Options } from './s3-file-store.js';
