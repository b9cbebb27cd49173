import { Database, queryRows, type Tx } from '@hornbook/database';
import type { FileStore } from '@hornbook/file-store';
import { ProblemError, Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import { FILE_STORE } from './file-store.provider.js';

const SWEEP_MS = 600_000;
/** No upload takes as long, by far: whoever sent the file is gone. */
const LEFTOVER = `interval '1 day'`;
/** Files of one transaction. */
const BATCH = 20;

const OLD = `SELECT key FROM uploads WHERE created_at < clock_timestamp() - ${LEFTOVER}
  ORDER BY created_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`;

/**
 * Knows of every uploaded file that is of no task yet. It is written down before the first byte is stored and struck
 * out in the transaction that makes the task, so that a process that dies in between leaves no file for ever.
 */
@Injectable()
export class Uploads implements OnApplicationBootstrap {
  private readonly logger = new Logger(Uploads.name);
  private readonly loop = new BackgroundLoop(
    SWEEP_MS,
    () => this.sweep(),
    (error) => this.logger.warn({ msg: 'files of broken uploads could not be removed', err: error }),
  );

  constructor(
    private readonly database: Database,
    private readonly config: CardBulkConfig,
    @Inject(FILE_STORE) private readonly files: FileStore,
    shutdown: Shutdown,
  ) {
    shutdown.on('finish what is in hand', () => this.loop.stop());
  }

  onApplicationBootstrap(): void {
    if (this.config.bulkWorkers > 0) this.loop.start();
  }

  /** Before anything is stored under the key. */
  async begin(key: string): Promise<void> {
    await this.database.query('INSERT INTO uploads (key) VALUES ($1)', [key]);
  }

  /** The file is a task's from the end of this transaction on. @throws ProblemError when it was swept away */
  async handOver(tx: Tx, key: string): Promise<void> {
    const found = await queryRows(tx, 'DELETE FROM uploads WHERE key = $1 RETURNING key', [key]);
    if (found.length === 0)
      throw new ProblemError('validation_error', { detail: 'The upload took too long; send the file again' });
  }

  /**
   * Removes the file unless it is a task's: a commit whose answer was lost may have made it one. Never fails; what
   * cannot be removed now is swept later.
   */
  async drop(key: string): Promise<void> {
    try {
      await this.database.transaction(async (tx) => {
        const found = await queryRows(tx, 'DELETE FROM uploads WHERE key = $1 RETURNING key', [key]);
        if (found.length > 0) await this.files.delete(key);
      });
    } catch (error) {
      this.logger.warn({ msg: 'the file of an upload is left to the sweep', key, err: error });
    }
  }

  /** Removes what is left of uploads that nobody ended. Replicas may do it side by side. */
  async sweep(): Promise<void> {
    for (let found = BATCH; found === BATCH;) {
      found = await this.database.transaction(async (tx) => {
        const keys = (await queryRows<{ key: string }>(tx, OLD)).map(({ key }) => key);
        for (const key of keys) await this.files.delete(key);
        if (keys.length > 0) await queryRows(tx, 'DELETE FROM uploads WHERE key = ANY ($1)', [keys]);
        return keys.length;
      });
    }
  }
}
