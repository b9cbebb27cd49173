import { Readable } from 'node:stream';
import type { FileStore } from '@hornbook/file-store';
import { PermanentTaskError } from '@hornbook/tasks';
import { readRows, type ReadCheckpoint, type ReadOptions } from '../../formats/read-rows.js';
import { UnreadableFileError } from '../../formats/unreadable-file.error.js';
import { CHUNK_CARDS, MAX_FILE_ROWS } from '../limits.js';
import { BatchBuilder, type ImportBatch } from './import-input.js';
import type { FileSource, ImportParams } from './import-params.js';
import { prepareRow } from './prepared-row.js';

/** A file that is being imported. */
export interface ImportFile {
  /**
   * The next rows, ready to be stored, and where to go on after them; undefined at the end.
   * @throws PermanentTaskError when the file cannot be read further: no retry can help
   */
  next(): Promise<{ batch: ImportBatch; checkpoint: ReadCheckpoint } | undefined>;
  close(): Promise<void>;
}

/** Opens the file of an import where the last committed chunk ended. */
export async function openImportFile(
  files: FileStore,
  params: ImportParams & { readonly source: FileSource },
  checkpoint: ReadCheckpoint | null,
  signal: AbortSignal,
): Promise<ImportFile> {
  const { source } = params;
  const isPositioned = checkpoint?.packing === 'identity';
  const stream = isPositioned
    ? await readFrom(files, source.key, checkpoint.offset)
    : await files.read(source.key);
  signal.addEventListener('abort', () => stream.destroy(), { once: true });
  const builder = new BatchBuilder();
  const batches = readRows(stream, {
    ...optionsOf(source),
    batchSize: CHUNK_CARDS,
    isPositioned,
    take: (row) => {
      builder.add(prepareRow(row, params));
    },
    ...(checkpoint ? { checkpoint } : {}),
  });
  return {
    async next() {
      try {
        const { value, done } = await batches.next();
        if (done) return undefined;
        return { batch: builder.take(), checkpoint: value.checkpoint };
      } catch (error) {
        if (error instanceof UnreadableFileError) {
          throw new PermanentTaskError(error.fileFault, error.message, { cause: error });
        }
        throw error;
      }
    },
    async close() {
      stream.destroy();
      await batches.return();
    },
  };
}

/** Looks whether a file begins with a row. @throws UnreadableFileError when it does not */
export async function readFirstRow(files: FileStore, source: FileSource): Promise<void> {
  const stream = await files.read(source.key);
  const batches = readRows(stream, { ...optionsOf(source), batchSize: 1 });
  try {
    await batches.next();
  } finally {
    stream.destroy();
    await batches.return();
  }
}

function optionsOf({ format, packing, delimiter }: FileSource): ReadOptions {
  return {
    format,
    limits: { maxRows: MAX_FILE_ROWS },
    ...(packing === null ? {} : { packing }),
    ...(delimiter === null ? {} : { delimiter }),
  };
}

/** A file from this byte on; nothing when it ends there, which no range request can ask for. */
async function readFrom(files: FileStore, key: string, start: number): Promise<Readable> {
  const stat = await files.stat(key);
  return stat && start >= stat.size ? Readable.from([]) : files.read(key, { start });
}
