import type { Database } from '@hornbook/database';
import type { FileStore } from '@hornbook/file-store';
import { defineTaskKind, type Json, type Task, type TaskKind } from '@hornbook/tasks';
import { cardColumns } from '../../cards/card.schema.js';
import {
  createCardWriter,
  type CardWriter,
  type CellSources,
  type ExportedCard,
} from '../../formats/index.js';
import { counterOf, secondsOf, type FinishTask } from '../finish-task.js';
import type { DownloadLinks } from '../../files/download-links.js';
import { ExportFile } from './export-file.js';
import { TextBytes } from '../../formats/text-bytes.js';
import { exportParamsSchema, type ExportParams } from './export.schemas.js';
import { CardSnapshot } from './snapshot.js';

/** Name of the kind, stored with every task. */
export const EXPORT_KIND = 'card-bulk.export';

/** Cards of one chunk, which is one step of the progress and one small transaction. */
const CHUNK_CARDS = 5_000;

/** The file that an export has written. */
export interface StoredExport {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly content_type: string;
  readonly file_name: string;
}

/** Set once the file is whole. */
export interface ExportCheckpoint {
  readonly file: StoredExport | null;
}

interface ExportRun {
  readonly snapshot: CardSnapshot;
  readonly writer: CardWriter;
  readonly file: ExportFile;
  readonly bytes: TextBytes;
  readonly meta: Pick<StoredExport, 'key' | 'content_type' | 'file_name'>;
  isFirst: boolean;
  isOver: boolean;
}

/** What was written outside any transaction, for the chunk to write down. */
interface Written {
  readonly cards: number;
  readonly file: StoredExport | null;
}

/** What an export needs. */
export interface ExportParts {
  readonly database: Database;
  readonly files: FileStore;
  readonly finish: FinishTask;
  readonly links: DownloadLinks;
}

/** Folder of a task's files; each run writes its own, as a worker that lost its lease may still be writing. */
export const exportFolder = (taskId: string): string => `exports/${taskId}`;

/** Writes a selection of cards, as they are at one moment, to a file. */
export function exportKind({
  database,
  files,
  finish,
  links,
}: ExportParts): TaskKind<ExportParams, ExportCheckpoint, ExportRun, Written> {
  return defineTaskKind<ExportParams, ExportCheckpoint, ExportRun, Written>({
    name: EXPORT_KIND,
    params: exportParamsSchema,
    startsOver: true,
    prepare: ({ task }) => openRun(task, database, files),
    async read({ run }) {
      if (run.isOver) return undefined;
      if (run.isFirst) await run.file.write(run.writer.head());
      const cards = await writeChunk(run);
      if (cards > 0) return { cards, file: null };
      run.isOver = true;
      await run.file.write(run.writer.tail());
      const { size, sha256 } = await run.file.end();
      return { cards: 0, file: { ...run.meta, size, sha256 } };
    },
    async chunk({ run, batch }) {
      return {
        checkpoint: { file: batch.file },
        processed: batch.cards,
        total: run.snapshot.count,
        counters: { cards_exported: batch.cards },
        done: batch.file !== null,
      };
    },
    async release(run) {
      run.file.discard();
      await run.snapshot.close();
    },
    async finish(context) {
      const { task } = context;
      await finish.tell(context);
      const file = task.checkpoint?.file;
      const result: Record<string, Json> = {
        cards_exported: counterOf(task)('cards_exported'),
        export_format: task.params.format,
        file_size_bytes: file?.size ?? 0,
        duration_seconds: secondsOf(task),
      };
      if (task.status !== 'SUCCESS' || !file) return result;
      const link = links.make(task.id);
      return {
        ...result,
        sha256: file.sha256,
        file_name: file.file_name,
        content_type: file.content_type,
        file_url: `/bulk/tasks/${task.id}/file`,
        download_url: link.download_url,
        download_url_expires_at: link.expires_at,
      };
    },
    discard: (task) => files.deleteFolder(exportFolder(task.id)),
  });
}

/** Writes the next cards to the file. @returns how many; 0 at the end */
async function writeChunk(run: ExportRun): Promise<number> {
  let written = 0;
  while (written < CHUNK_CARDS) {
    const cards = await writeNext(run);
    if (cards === 0) break;
    written += cards;
  }
  return written;
}

/** A function of its own, so that nothing holds these cards while the next ones are waited for. */
async function writeNext(run: ExportRun): Promise<number> {
  const cards = await run.snapshot.read();
  if (cards.length === 0) return 0;
  addTo(run, cards);
  run.isFirst = false;
  await run.file.write(run.bytes.take());
  return cards.length;
}

/** What the database wrote goes to the file as it is, or nearly; only what people are to read is taken apart. */
function addTo({ writer, bytes, isFirst }: ExportRun, cards: readonly CellSources[]): void {
  if (writer.ofCells) {
    for (const card of cards) bytes.add(writer.ofCells(card));
    return;
  }
  const texts = cards.map(([card]) => card ?? '');
  if (writer.ofText) {
    for (const [place, text] of texts.entries()) bytes.add(writer.ofText(text, isFirst && place === 0));
    return;
  }
  bytes.add(writer.batch(JSON.parse(`[${texts.join()}]`) as ExportedCard[], isFirst));
}

/** Opens the snapshot and begins the file. */
async function openRun(
  task: Task<ExportParams, ExportCheckpoint>,
  database: Database,
  files: FileStore,
): Promise<ExportRun> {
  const { params } = task;
  const columns = params.include_metadata
    ? cardColumns
    : cardColumns.filter((column) => column !== 'metadata');
  const writer = createCardWriter(params.format, {
    columns,
    escapeFormulas: params.escape_formulas,
    byteOrderMark: params.byte_order_mark,
  });
  const extension = params.gzip ? `${writer.extension}.gz` : writer.extension;
  const meta = {
    key: `${exportFolder(task.id)}/${task.epoch}`,
    content_type: params.gzip ? 'application/gzip' : writer.contentType,
    file_name: `cards-${task.id}.${extension}`,
  };
  const snapshot = await CardSnapshot.open(database, task.owner, params, {
    columns,
    form: writer.ofCells ? 'cells' : 'json',
  });
  const file = new ExportFile(files, meta.key, meta.content_type, params.gzip);
  return { snapshot, writer, file, bytes: new TextBytes(), meta, isFirst: true, isOver: false };
}
