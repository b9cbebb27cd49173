import { temporaryFolder, type TemporaryFolder } from '@hornbook/testing';
import { FolderFileStore, type FileStore } from '../src/index.js';
import { fileStoreContract } from './support/contract.js';
import { startS3Server, type S3Server } from './support/s3-server.js';

describe('a folder', () => {
  let folder: TemporaryFolder;
  let files: FileStore;
  beforeAll(async () => {
    folder = await temporaryFolder();
    files = new FolderFileStore(folder.path);
  });
  afterAll(() => folder.remove());
  fileStoreContract(() => files);
});

describe('S3', () => {
  let server: S3Server;
  let files: FileStore;
  beforeAll(async () => {
    server = await startS3Server();
    files = server.store();
  });
  afterAll(() => server.stop());
  fileStoreContract(() => files);
});

describe('S3 behind a prefix', () => {
  let server: S3Server;
  let files: FileStore;
  beforeAll(async () => {
    server = await startS3Server();
    files = server.store('card-bulk');
  });
  afterAll(() => server.stop());
  fileStoreContract(() => files);
});
