import type { IncomingHttpHeaders } from 'node:http';
import { Database } from '@hornbook/database';
import type { FileStore, WrittenFile } from '@hornbook/file-store';
import { ProblemError } from '@hornbook/service-kit';
import { Tasks } from '@hornbook/tasks';
import { Inject, Injectable } from '@nestjs/common';
import { CardBulkConfig } from '../../config.js';
import { FILE_STORE } from '../../files/file-store.provider.js';
import { Uploads } from '../../files/uploads.js';
import { AcceptTask, type AcceptedTask, type BulkRequest } from '../accept-task.js';
import { estimatedSeconds, type AskedBy } from '../bulk.service.js';
import { readFirstRow } from './import-file.js';
import type { FileSource, ImportParams } from './import-params.js';
import { uploadEncodings, uploadTypes, type ImportStreamQuery } from './import-stream.schemas.js';
import {
  FormatMissingError,
  UploadCutError,
  UploadEncodingError,
  UploadTooLargeError,
  UploadTypeError,
} from './upload.errors.js';

/** Bytes of a usual card in a file, for an estimate. */
const ESTIMATED_ROW_BYTES = 1_000;

/** A file on its way here. */
export interface Upload {
  readonly bytes: AsyncIterable<Buffer>;
  readonly headers: IncomingHttpHeaders;
}

/** Takes on imports of files: the file goes to the store as it comes, and only when it is whole there is a task. */
@Injectable()
export class ImportStreamService {
  constructor(
    private readonly accepting: AcceptTask,
    private readonly tasks: Tasks,
    private readonly config: CardBulkConfig,
    private readonly database: Database,
    private readonly uploads: Uploads,
    @Inject(FILE_STORE) private readonly files: FileStore,
  ) {}

  /**
   * Stores the upload, looks whether it begins like a file of cards, and makes the task. Whatever goes wrong leaves
   * neither file nor task.
   * @throws UploadTooLargeError, UploadCutError, UploadTypeError, UploadEncodingError, FormatMissingError
   * @throws UnreadableFileError when the first row cannot be reached
   */
  async import(
    { bytes, headers }: Upload,
    { format, delimiter, owner: _, run_at, webhook_url, ...options }: ImportStreamQuery,
    { owner, idempotencyKey }: AskedBy,
  ): Promise<AcceptedTask> {
    const reading = this.howToRead(headers, format, delimiter);
    const id = this.tasks.newId();
    const key = `uploads/${id}`;
    await this.uploads.begin(key);
    try {
      const { size, sha256 } = await this.store(key, bytes);
      const source: FileSource = { kind: 'file', key, size, ...reading };
      await readFirstRow(this.files, source);
      const params: ImportParams = { ...options, source, webhook_url: webhook_url ?? null };
      const request: BulkRequest = {
        id,
        kind: 'import',
        owner,
        params,
        ...(run_at === undefined ? {} : { runAt: new Date(run_at) }),
        message: `Bulk import initiated for a file of ${size} bytes`,
        estimatedSeconds: estimatedSeconds(size / ESTIMATED_ROW_BYTES),
        idempotencyKey,
        identity: [sha256, reading, options, params.webhook_url, run_at],
      };
      const accepted = await this.database.transaction(async (tx) => {
        const taken = await this.accepting.accept(request, tx);
        if (!taken.replayed) await this.uploads.handOver(tx, key);
        return taken;
      });
      if (accepted.replayed) await this.uploads.drop(key);
      return accepted;
    } catch (error) {
      await this.uploads.drop(key);
      throw error;
    }
  }

  private howToRead(
    headers: IncomingHttpHeaders,
    format: ImportStreamQuery['format'],
    delimiter: ImportStreamQuery['delimiter'],
  ): Pick<FileSource, 'format' | 'packing' | 'delimiter'> {
    const length = Number(headers['content-length'] ?? 0);
    if (length > this.config.maxUploadBytes) throw new UploadTooLargeError(this.config.maxUploadBytes);
    const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const typed = uploadTypes.get(type);
    if (typed === undefined) throw new UploadTypeError();
    const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
    const packing = uploadEncodings.get(encoding);
    if (packing === undefined) throw new UploadEncodingError(encoding);
    const known = format ?? typed;
    if (known === null) throw new FormatMissingError();
    const separator = delimiter ?? (type === 'text/tab-separated-values' ? '\t' : null);
    return { format: known, packing, delimiter: separator };
  }

  private async store(key: string, bytes: AsyncIterable<Buffer>): Promise<WrittenFile> {
    const limit = this.config.maxUploadBytes;
    let cut: unknown;
    async function* bounded(): AsyncGenerator<Buffer> {
      let size = 0;
      try {
        for await (const chunk of bytes) {
          size += chunk.length;
          if (size > limit) throw new UploadTooLargeError(limit);
          yield chunk;
        }
      } catch (error) {
        cut = error;
        throw error;
      }
    }
    try {
      return await this.files.write(key, bounded());
    } catch (error) {
      if (cut instanceof ProblemError) throw cut;
      // Not the store's fault, if the sender's side broke first.
      throw cut === undefined ? error : new UploadCutError(cut);
    }
  }
}
