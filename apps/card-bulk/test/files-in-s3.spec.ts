import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { temporaryFolder, type TemporaryFolder } from '@hornbook/testing';
import { cards } from './support/cards.js';
import { exportCards, linesOf } from './support/exports.js';
import { importFile, ndjson } from './support/uploads.js';
import { startWorld, type World } from './support/world.js';

/** The part of s3rver, which has no types, that is used here. */
interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

describe('files in S3, chosen by configuration', () => {
  let folder: TemporaryFolder;
  let server: S3rver;
  let world: World;
  beforeAll(async () => {
    folder = await temporaryFolder('card-bulk-s3');
    const Server = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;
    server = new Server({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      directory: folder.path,
      configureBuckets: [{ name: 'cards', configs: [] }],
    });
    const { port } = await server.run();
    world = await startWorld({
      env: {
        FILE_STORE: 's3',
        S3_BUCKET: 'cards',
        S3_ENDPOINT: `http://127.0.0.1:${port}`,
        S3_ACCESS_KEY_ID: 'S3RVER',
        S3_SECRET_ACCESS_KEY: 'S3RVER',
      },
    });
  });
  afterAll(async () => {
    await world.stop();
    await server.close();
    await folder.remove();
  });

  it('are uploaded, imported, exported and fetched in parts', async () => {
    const rows = cards(12_000, { body: 'a body that makes the file longer than one part. '.repeat(20) });

    const { body } = await importFile(world, 'ndjson', ndjson(rows));
    const { file, taskId, status } = await exportCards(world, { format: 'ndjson' });
    const rest = await world.call(`/bulk/tasks/${taskId}/file`, { headers: { range: 'bytes=1000000-' } });

    expect(body['result']).toMatchObject({ cards_imported: 12_000 });
    expect(status['result']).toMatchObject({ file_size_bytes: file.bytes.length });
    expect(linesOf(file)).toHaveLength(12_000);
    expect(rest.status).toBe(206);
    expect(rest.bytes.equals(file.bytes.subarray(1_000_000))).toBe(true);
  });
});
