import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { FileNotFoundError, type ByteRange, type FileStore } from '@hornbook/file-store';
import { Tasks, type Task } from '@hornbook/tasks';
import { Inject, Injectable } from '@nestjs/common';
import { NoFileError } from '../bulk/bulk.errors.js';
import { EXPORT_KIND, type ExportCheckpoint, type StoredExport } from '../bulk/export/export.kind.js';
import { MAX_INLINE_EXPORT_BYTES } from '../bulk/limits.js';
import { FILE_STORE } from './file-store.provider.js';
import { LostFileError } from './files.errors.js';

/** The files that exports wrote. */
@Injectable()
export class ExportFiles {
  constructor(
    private readonly tasks: Tasks,
    @Inject(FILE_STORE) private readonly files: FileStore,
  ) {}

  /**
   * The file of an export.
   * @param owner null for whoever holds a link
   * @throws TaskError 404, 410
   * @throws NoFileError while it is not written, or when the task writes none
   */
  async find(owner: string | null, taskId: string): Promise<StoredExport> {
    const task = await this.tasks.get(owner, taskId);
    const file = fileOf(task);
    if (!file) throw new NoFileError(taskId, task.status);
    return file;
  }

  /** Its bytes. @throws LostFileError when somebody removed it from the store */
  async read({ key }: StoredExport, range?: ByteRange): Promise<Readable> {
    try {
      return await this.files.read(key, range);
    } catch (error) {
      throw error instanceof FileNotFoundError ? new LostFileError() : error;
    }
  }

  /** The content of a small file that is text, for clients that expect it in the status (seed 002). */
  async inline(task: Task): Promise<string | undefined> {
    const file = fileOf(task);
    if (!file || file.size > MAX_INLINE_EXPORT_BYTES || file.content_type === GZIP) return undefined;
    try {
      return await text(await this.files.read(file.key));
    } catch (error) {
      // The status of the task is right without it.
      if (error instanceof FileNotFoundError) return undefined;
      throw error;
    }
  }
}

const GZIP = 'application/gzip';

function fileOf({ kind, status, checkpoint }: Task): StoredExport | undefined {
  if (kind !== EXPORT_KIND || status !== 'SUCCESS') return undefined;
  return (checkpoint as ExportCheckpoint | null)?.file ?? undefined;
}
