import { readdir } from 'node:fs/promises';
import { CardBulkConfig } from '../../src/config.js';
import type { Answer, Call, World } from './world.js';

/** How a file is sent. */
export interface UploadOptions extends Call {
  /** Query of the request. */
  readonly query?: Readonly<Record<string, string>>;
}

const types = { ndjson: 'application/x-ndjson', csv: 'text/csv' } as const;

/** `POST /bulk/import/stream`. */
export function upload(
  world: World,
  format: 'ndjson' | 'csv',
  body: string | Buffer | ReadableStream,
  { query = {}, headers = {}, ...call }: UploadOptions = {},
): Promise<Answer> {
  return world.call(`/bulk/import/stream?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
    body,
    headers: { 'content-type': types[format], ...headers },
    ...call,
  });
}

/** The same, waited for to the end of the import. @returns the status */
export async function importFile(...parameters: Parameters<typeof upload>): Promise<Answer> {
  const [world, , , call = {}] = parameters;
  const accepted = await upload(...parameters);
  if (accepted.status !== 202) throw new Error(`${accepted.status} ${accepted.text}`);
  return world.finished(String(accepted.body['task_id']), call.as === undefined ? {} : { as: call.as });
}

/** NDJSON of cards. */
export function ndjson(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Names of the uploads in the file store, whole or not. */
export async function uploadsOf(world: World): Promise<string[]> {
  const folder = world.app.get(CardBulkConfig).fileStoreFolder;
  const lists = ['uploads', '.unfinished'].map((name) => readdir(`${folder}/${name}`).catch(() => []));
  return (await Promise.all(lists)).flat();
}
