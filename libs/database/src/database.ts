import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { runAfterCommit } from './after-commit.js';
import { ConnectionLostError, sqlState } from './postgres-errors.js';

/** An open transaction. Repository methods take it first; nothing remote is called while it is open. */
export type Tx = EntityManager;

/** Deadlock and serialization failure: the transaction did nothing and the same work may succeed at once. */
const RETRYABLE_STATES = new Set(['40001', '40P01']);
const MAX_TRIES = 4;
/** The rival of a deadlock needs a moment to wake; tried again before that, the two would meet again. */
const PAUSE_MS = 20;

/** The one way to the service's own Postgres schema. */
export class Database {
  private readonly inHand = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  constructor(readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction and commits it. A deadlock or serialization failure is tried again (4 times in
   * all), so `work` may run more than once and must have no effect outside `tx`; use `onCommit` for those.
   * @throws whatever `work` throws, after the rollback
   */
  async transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    const { result, tx } = await this.hold(this.committed(work));
    // Outside of the tries: what is committed must not be done again, whatever a callback throws.
    runAfterCommit(tx);
    return result;
  }

  /** Rows of one statement outside any transaction: for reads. */
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.hold(queryRows<Row>(this.dataSource.manager, sql, parameters));
  }

  /** Ends the pool; transactions and statements that run are waited for. Safe to repeat. */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    // The driver would cut their connections.
    await Promise.allSettled(this.inHand);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async hold<Result>(work: Promise<Result>): Promise<Result> {
    this.inHand.add(work);
    try {
      return await work;
    } finally {
      this.inHand.delete(work);
    }
  }

  private async committed<Result>(work: (tx: Tx) => Promise<Result>): Promise<{ result: Result; tx: Tx }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.dataSource.transaction(async (tx) => ({ result: await connected(tx, work), tx }));
      } catch (error) {
        if (attempt >= MAX_TRIES || !RETRYABLE_STATES.has(sqlState(error) ?? '')) throw error;
        await delay(Math.random() * PAUSE_MS * attempt);
      }
    }
  }
}

/**
 * Runs `work`, and tells when it has lost its connection: TypeORM releases the runner then, and speaks of nothing but
 * that at the next statement.
 */
async function connected<Result>(tx: Tx, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  const isLost = (): boolean => tx.queryRunner?.isReleased === true;
  try {
    const result = await work(tx);
    if (isLost()) throw new ConnectionLostError();
    return result;
  } catch (error) {
    throw isLost() ? new ConnectionLostError({ cause: error }) : error;
  }
}

/**
 * Rows of one statement inside `tx`. TypeORM answers `[rows, count]` for UPDATE and DELETE and bare rows for the
 * rest; here it is always the rows.
 */
export async function queryRows<Row>(
  tx: EntityManager,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const answer: unknown = await tx.query(sql, [...parameters]);
  if (!Array.isArray(answer)) return [];
  const isPair =
    answer.length === 2 && Array.isArray(answer[0]) && (typeof answer[1] === 'number' || answer[1] === null);
  return ownRows((isPair ? answer[0] : answer) as Row[]);
}

/**
 * Takes rows out of the driver's result. Results of the driver's promises are chained to each other in a way that hides
 * them from the collector of young objects: each was carried into the old generation with all its rows (measured: an
 * export of 100,000 cards left 126 MB there and leaves 8, in two thirds of the time the service needs).
 */
export function ownRows<Row>(rows: Row[]): Row[] {
  return rows.splice(0);
}
