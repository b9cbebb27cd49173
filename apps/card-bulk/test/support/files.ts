import { readRows, type ReadOptions, type ReadRow, type RowBatch } from '../../src/formats/index.js';

/** What reading a file gave: its rows, and what ended it if not its end. */
export interface ReadFile {
  readonly rows: ReadRow[];
  readonly batches: RowBatch[];
  readonly error: unknown;
}

/** `bytes` in pieces of `size`, as a connection might deliver them. */
export async function* pieces(bytes: Buffer | string, size = 7): AsyncGenerator<Buffer> {
  const buffer = Buffer.from(bytes);
  for (let at = 0; at < buffer.length; at += size) yield buffer.subarray(at, at + size);
}

/** Reads a file of which the pieces come in `size` bytes each. */
export async function readAll(
  bytes: Buffer | string,
  { size = 7, ...options }: ReadOptions & { readonly size?: number },
): Promise<ReadFile> {
  const batches: RowBatch[] = [];
  let error: unknown;
  try {
    for await (const batch of readRows(pieces(bytes, size), options)) batches.push(batch);
  } catch (caught) {
    error = caught;
  }
  return { rows: batches.flatMap(({ rows }) => rows), batches, error };
}
