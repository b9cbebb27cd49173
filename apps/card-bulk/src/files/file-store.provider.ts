import { FolderFileStore, LinkSigner, openS3FileStore, type FileStore } from '@hornbook/file-store';
import type { Provider } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';

/** Where uploads and exports are kept; `FileStore`. */
export const FILE_STORE = Symbol('FILE_STORE');

async function createFileStore(config: CardBulkConfig): Promise<FileStore> {
  if (config.fileStore === 'folder') return new FolderFileStore(config.fileStoreFolder);
  const {
    s3Bucket: bucket = '',
    s3Region: region,
    s3Endpoint: endpoint,
    s3AccessKeyId,
    s3SecretAccessKey,
  } = config;
  const hasKey = s3AccessKeyId !== undefined && s3SecretAccessKey !== undefined;
  return openS3FileStore({
    bucket,
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(hasKey ? { credentials: { accessKeyId: s3AccessKeyId, secretAccessKey: s3SecretAccessKey } } : {}),
  });
}

/** The file store of the configuration, and what signs links to its files. */
export const fileProviders: Provider[] = [
  { provide: FILE_STORE, inject: [CardBulkConfig], useFactory: createFileStore },
  {
    provide: LinkSigner,
    inject: [CardBulkConfig],
    useFactory: ({ linkSecret }: CardBulkConfig) => new LinkSigner(linkSecret),
  },
];
