import { temporaryFolder } from '@hornbook/testing';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { S3FileStore } from '../../src/s3-file-store.js';

/** The part of s3rver, which has no types, that is used here. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
type S3rverClass = new (options: object) => S3rver;

/** An S3 server with one bucket. */
export interface S3Server {
  store(prefix?: string): S3FileStore;
  stop(): Promise<void>;
}

/** Starts one in this process, on a port of its own. */
export async function startS3Server(): Promise<S3Server> {
  const folder = await temporaryFolder();
  const Server = createRequire(import.meta.url)('s3rver') as S3rverClass;
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder.path,
    configureBuckets: [{ name: 'files', configs: [] }],
  });
  const { port } = await server.run();
  const stores: S3FileStore[] = [];
  return {
    store(prefix) {
      const store = new S3FileStore({
        bucket: 'files',
        region: 'eu-central-1',
        endpoint: `http://127.0.0.1:${port}`,
        credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
        ...(prefix === undefined ? {} : { prefix }),
      });
      stores.push(store);
      return store;
    },
    async stop() {
      for (const store of stores) store.close();
      await server.close();
      await folder.remove();
    },
  };
}
