import { open, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Connection } from '../config.js';
import { exitCodes, ExitError } from '../exit.js';
import { call, send } from '../gateway-client.js';
import type { Output } from '../terminal.js';

/** What is in a file. JSON is sent as one request and is therefore bounded; the others are streamed. */
export type FileFormat = 'ndjson' | 'csv' | 'json';

/** A file and how it is to be read. */
export interface ImportSource {
  /** `-` is standard input. */
  readonly path: string;
  readonly format: FileFormat;
  readonly packing?: 'gzip' | 'zstd';
  /** Of CSV. */
  readonly delimiter?: string;
}

const formatsByEnding: Readonly<Record<string, FileFormat>> = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
};
const packingsByEnding: Readonly<Record<string, 'gzip' | 'zstd'>> = { gz: 'gzip', zst: 'zstd' };

/**
 * What a file is by its name: `cards.csv.gz` is CSV in gzip.
 * @param format as the user says it, which decides
 * @throws ExitError 2 when neither says it
 */
export function recognise(path: string, format: FileFormat | undefined): ImportSource {
  const endings = path.toLowerCase().split('.').slice(1);
  const packing = packingsByEnding[endings.at(-1) ?? ''];
  const ending = endings.at(packing ? -2 : -1) ?? '';
  const found = format ?? formatsByEnding[ending];
  if (!found)
    throw new ExitError(
      exitCodes.usage,
      `The name ${path} does not say what the file is; add --format ndjson, csv or json`,
    );
  if (found === 'json' && packing)
    throw new ExitError(exitCodes.usage, 'A JSON file is sent unpacked; unpack it, or convert it to NDJSON');
  return {
    path,
    format: found,
    ...(packing ? { packing } : {}),
    ...(found === 'csv' && ending === 'tsv' ? { delimiter: '\t' } : {}),
  };
}

/** Options of an import in the API's words. */
export type ImportOptions = Readonly<Record<string, string | number | boolean>>;

/** 202 of a bulk operation. */
export interface Accepted {
  readonly task_id: string;
  readonly message: string;
}

interface Upload {
  readonly body: ReadableStream<Uint8Array>;
  /** The file; undefined for standard input. */
  close(): void;
}

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);

/** A file as a body, read as fast as it is sent. Tells a terminal how much is sent. */
async function openUpload(path: string, err: Output): Promise<Upload> {
  let size: number | undefined;
  let file: NodeJS.ReadableStream & { destroy(): void };
  if (path === '-') file = process.stdin;
  else {
    const handle = await open(path);
    size = (await handle.stat()).size;
    file = handle.createReadStream();
  }
  async function* counted(): AsyncGenerator<Uint8Array> {
    let sent = 0;
    let shownAt = 0;
    for await (const chunk of file as AsyncIterable<Buffer>) {
      yield chunk;
      sent += chunk.length;
      if (err.isTTY !== true || Date.now() - shownAt < 100) continue;
      shownAt = Date.now();
      err.write(
        `\r\u001b[2Ksending ${mebibytes(sent)}${size === undefined ? '' : ` of ${mebibytes(size)}`} MiB`,
      );
    }
    if (err.isTTY === true) err.write('\r\u001b[2K');
  }
  return {
    body: Readable.toWeb(Readable.from(counted(), { objectMode: false })) as ReadableStream<Uint8Array>,
    close: () => file.destroy(),
  };
}

async function cardsOf(path: string): Promise<unknown> {
  const text = path === '-' ? await textOf(process.stdin) : await readFile(path, 'utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ExitError(
      exitCodes.refused,
      `${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return Array.isArray(parsed) ? parsed : (parsed as { cards?: unknown } | null)?.cards;
}

async function textOf(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Sends a file for import.
 * @throws ExitError when the file cannot be read
 * @throws RefusedError when the platform refuses it
 */
export async function submitImport(
  connection: Connection,
  source: ImportSource,
  options: ImportOptions,
  {
    idempotencyKey,
    signal,
    err,
  }: { readonly idempotencyKey?: string; readonly signal: AbortSignal; readonly err: Output },
): Promise<Accepted> {
  const key: Record<string, string> =
    idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  try {
    if (source.format === 'json') {
      const cards = await cardsOf(source.path);
      return (await call(
        connection,
        'POST',
        '/bulk/import',
        { cards, ...options },
        { headers: key, signal },
      )) as Accepted;
    }
    const { format, packing, delimiter } = source;
    const query = new URLSearchParams({ format, ...(delimiter === undefined ? {} : { delimiter }) });
    for (const [name, value] of Object.entries(options)) query.set(name, String(value));
    const upload = await openUpload(source.path, err);
    try {
      const response = await send(connection, 'POST', `/bulk/import/stream?${query.toString()}`, {
        body: upload.body,
        headers: {
          'content-type': format === 'csv' ? 'text/csv' : 'application/x-ndjson',
          ...(packing === undefined ? {} : { 'content-encoding': packing }),
          ...key,
        },
        signal,
        timeoutMs: null,
      });
      return (await response.json()) as Accepted;
    } finally {
      upload.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new ExitError(exitCodes.refused, `${source.path} cannot be read: ${message}`);
    throw error;
  }
}
