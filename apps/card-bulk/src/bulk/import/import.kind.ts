import type { FileStore } from '@hornbook/file-store';
import { queryRows } from '@hornbook/database';
import {
  defineTaskKind,
  type ChunkContext,
  type ChunkOutcome,
  type RowError,
  type TaskFailure,
  type TaskKind,
} from '@hornbook/tasks';
import type { ImportChunk, StoredBatch } from './import-chunk.js';
import { readInput, type ImportBatch } from './import-input.js';
import { importParamsSchema, type ImportParams } from './import-params.js';
import { openImportFile, type ImportFile } from './import-file.js';
import { areIndependent } from './store-cards.js';
import type { ReadCheckpoint } from '../../formats/read-rows.js';
import type { FinishTask } from '../finish-task.js';

/** Name of the kind, stored with every task. */
export const IMPORT_KIND = 'card-bulk.import';

/** Where an import goes on: the next text of the request, or a place in the file. */
export type ImportCheckpoint = { readonly seq: number } | { readonly file: ReadCheckpoint };

/** What the chunks of a run share. */
interface ImportRun {
  seq: number;
  ended: boolean;
  readonly file: ImportFile | undefined;
}

/** What one chunk stores; `rows` is undefined for the one that only looks back on the whole. */
interface ReadBatch {
  readonly rows: ImportBatch | undefined;
  /** undefined: where it stands. */
  readonly checkpoint: ImportCheckpoint | undefined;
}

type ImportKind = TaskKind<ImportParams, ImportCheckpoint, ImportRun, ReadBatch, StoredBatch | undefined>;

/** What an import needs. */
export interface ImportParts {
  readonly chunk: ImportChunk;
  readonly files: FileStore;
  readonly finish: FinishTask;
}

/** Imports cards, from the request itself or from a file, 1,000 to a chunk. */
export function importKind({ chunk, files, finish }: ImportParts): ImportKind {
  return defineTaskKind<ImportParams, ImportCheckpoint, ImportRun, ReadBatch, StoredBatch | undefined>({
    name: IMPORT_KIND,
    params: importParamsSchema,
    keptCounters: ['cards_failed'],
    isAtomic: ({ on_error, dry_run }) => on_error === 'atomic' || dry_run,
    async prepare({ task, checkpoint, signal }) {
      const { params } = task;
      const { source } = params;
      const place = checkpoint && 'file' in checkpoint ? checkpoint.file : null;
      const file =
        source.kind === 'file'
          ? await openImportFile(files, { ...params, source }, place, signal)
          : undefined;
      return { seq: checkpoint && 'seq' in checkpoint ? checkpoint.seq : 0, ended: false, file };
    },
    async read({ run, ...context }) {
      if (run.ended) return undefined;
      if (run.file) {
        const next = await run.file.next();
        run.ended = next === undefined;
        return { rows: next?.batch, checkpoint: next && { file: next.checkpoint } };
      }
      const rows = await readInput(context.task.id, run.seq, context.input);
      run.ended = rows === undefined;
      if (rows) run.seq++;
      return { rows, checkpoint: { seq: run.seq } };
    },
    async stage({ task: { params, owner, id }, tx, batch: { rows } }) {
      if (!rows || !areIndependent({ ...params, ...rows })) return undefined;
      return chunk.insert(tx, { owner, taskId: id, params }, rows);
    },
    chunk: (context) => importChunk(chunk, context),
    async release(run) {
      await run.file?.close();
    },
    finish: (context) => finish.import(context),
    async discard({ params: { source } }) {
      if (source.kind === 'file') await files.delete(source.key);
    },
  });
}

async function importChunk(
  chunk: ImportChunk,
  {
    task,
    tx,
    batch,
    staged,
  }: ChunkContext<ImportParams, ImportCheckpoint, ImportRun, ReadBatch, StoredBatch | undefined>,
): Promise<ChunkOutcome<ImportCheckpoint>> {
  const { params, owner, id } = task;
  const failedBefore = task.counters['cards_failed'] ?? 0;
  const checkpoint = batch.checkpoint ?? task.checkpoint ?? { seq: 0 };
  // All chunks of a dry run are one transaction, of which only the end is kept: so it sees its own cards as a real
  // run would, and leaves none.
  if (params.dry_run && task.checkpoint === null) await queryRows(tx, 'SAVEPOINT dry_run');
  if (!batch.rows) {
    if (params.dry_run && task.checkpoint !== null) await queryRows(tx, 'ROLLBACK TO SAVEPOINT dry_run');
    return { ...conclude(params, failedBefore), checkpoint, total: task.current };
  }
  const of = { owner, taskId: id, params };
  const stored = staged ?? (await chunk.insert(tx, of, batch.rows));
  const done = await chunk.reward(tx, of, batch.rows, stored);
  const total = estimatedTotal(params.source, checkpoint);
  const { counters, errors } = done;
  const outcome = {
    checkpoint,
    ...(total === undefined ? {} : { total }),
    processed: batch.rows.good + batch.rows.failed,
    counters,
    errors,
  };
  if (done.stopped) {
    const { cards_imported, cards_updated, cards_skipped, cards_failed } = counters;
    return {
      ...outcome,
      processed: cards_imported + cards_updated + cards_skipped + cards_failed,
      abort: stoppedAt(errors[0]),
    };
  }
  const abort = tooManyErrors(params, failedBefore + counters.cards_failed);
  return abort ? { ...outcome, abort } : outcome;
}

function stoppedAt(error: RowError | undefined): TaskFailure {
  return { code: 'row_failed', message: `Row ${error?.index ?? 0} is bad: ${error?.message ?? ''}` };
}

function tooManyErrors({ max_errors }: ImportParams, failed: number): TaskFailure | undefined {
  if (max_errors === undefined || failed <= max_errors) return undefined;
  const message = `${failed} rows have failed, more than max_errors (${max_errors}) allows`;
  return { code: 'too_many_errors', message };
}

/** Rows of a file by how many the part of it had that was read; nobody knows of a packed one. */
function estimatedTotal(source: ImportParams['source'], checkpoint: ImportCheckpoint): number | undefined {
  if (source.kind !== 'file' || !('file' in checkpoint)) return undefined;
  const { offset, index, packing } = checkpoint.file;
  return packing === 'identity' ? Math.round((index * source.size) / offset) : undefined;
}

/** The end of the input: an atomic import with bad rows is undone as a whole, once all of them are known. */
function conclude(
  { on_error, dry_run }: ImportParams,
  failed: number,
): { abort: TaskFailure } | { done: true } {
  if (on_error !== 'atomic' || dry_run || failed === 0) return { done: true };
  const message = `${failed} rows are bad; nothing was imported, as on_error is atomic`;
  return { abort: { code: 'rows_failed', message } };
}
