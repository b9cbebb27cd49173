import { setTimeout as sleep } from 'node:timers/promises';
import { Database, queryRows } from '@hornbook/database';
import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop, Tasks } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import { INDEX_WORDS } from './cards.repository.js';

const POLL_MS = 1_000;
/** While bulk tasks run, the share of the time that is left to them: words are worth less than cards. */
const TASKS_SHARE = 0.9;
/** Longest of those pauses: what is searched for is found some seconds after, also on a busy platform. */
const MAX_PAUSE_MS = 5_000;

const NEXT = `DELETE FROM card_search_queue
  WHERE id = (SELECT id FROM card_search_queue ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING card_ids`;

/**
 * Puts the words of imported cards into the index of `?q=`, behind the import. Any number of processes may: a chunk
 * leaves the queue in the transaction that indexes it, and cards that are gone by then are passed over.
 */
@Injectable()
export class CardWordsIndexer implements OnApplicationBootstrap {
  private readonly logger = new Logger(CardWordsIndexer.name);
  private readonly ending = new AbortController();
  private readonly loop = new BackgroundLoop(
    POLL_MS,
    () => this.step(),
    (error) => this.logger.error({ msg: 'words of cards could not be indexed', err: error }),
  );

  constructor(
    private readonly database: Database,
    private readonly tasks: Tasks,
    private readonly config: CardBulkConfig,
    shutdown: Shutdown,
  ) {
    shutdown.on('finish what is in hand', async () => {
      this.ending.abort();
      await this.loop.stop();
    });
  }

  onApplicationBootstrap(): void {
    // A replica that only takes requests leaves this to the others, too.
    if (this.config.bulkWorkers > 0) this.loop.start();
  }

  private async step(): Promise<void> {
    for (;;) {
      const started = performance.now();
      if (this.ending.signal.aborted || !(await this.indexNext())) return;
      const { running } = await this.tasks.backlog();
      if (running === 0) continue;
      const took = performance.now() - started;
      const pause = Math.min(MAX_PAUSE_MS, (took * TASKS_SHARE) / (1 - TASKS_SHARE));
      await sleep(pause, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
  }

  /** @returns whether there was anything */
  private indexNext(): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const [row] = await queryRows<{ card_ids: string[] }>(tx, NEXT);
      if (!row) return false;
      await queryRows(tx, INDEX_WORDS, [row.card_ids]);
      return true;
    });
  }
}
