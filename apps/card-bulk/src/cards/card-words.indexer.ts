import { setTimeout as sleep } from 'node:timers/promises';
import { Database, queryRows } from '@hornbook/database';
import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop, Tasks } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CardBulkConfig } from '../config.js';
import { INDEX_WORDS } from './cards.repository.js';

const POLL_MS = 1_000;
/** While bulk tasks run, the share of the time that is left to them: words are worth less than cards. */
const TASKS_SHARE = 0.95;
/** How long tasks that run are given way to first: most end before, and are not slowed down at all. */
const FIRST_PAUSE_MS = 10_000;
/** Longest of those pauses: a busy platform finds new words late, but goes on finding them. */
const MAX_PAUSE_MS = 10_000;
/** How often is looked whether they have ended. */
const LOOK_MS = 250;

const NEXT = `DELETE FROM card_search_queue
  WHERE id = (SELECT id FROM card_search_queue ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING card_ids`;
const ANY = 'SELECT FROM card_search_queue LIMIT 1';

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
    let pause = FIRST_PAUSE_MS;
    while (!this.ending.signal.aborted && (await this.database.query(ANY)).length > 0) {
      await this.giveWay(pause);
      const started = performance.now();
      if (this.ending.signal.aborted || !(await this.indexNext())) return;
      const took = performance.now() - started;
      pause = Math.min(MAX_PAUSE_MS, (took * TASKS_SHARE) / (1 - TASKS_SHARE));
    }
  }

  /** Waits until no task runs, but no longer than so many milliseconds. */
  private async giveWay(ms: number): Promise<void> {
    const until = performance.now() + ms;
    const { signal } = this.ending;
    for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
      const { running } = await this.tasks.backlog();
      if (running === 0) return;
      await sleep(Math.min(left, LOOK_MS), undefined, { signal }).catch(() => undefined);
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
