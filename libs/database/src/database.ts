import type { DataSource, EntityManager } from 'typeorm';
import { sqlState } from './postgres-errors.js';
import { runAfterCommit } from './after-commit.js';

/** An open transaction. Repository methods take it first; nothing remote is called while it is open. */
export type Tx = EntityManager;

/** Deadlock and serialization failure: the transaction did nothing and the same work may succeed at once. */
const RETRYABLE_STATES = new Set(['40001', '40P01']);
const MAX_TRIES = 4;

/** The one way to the service's own Postgres schema. */
export class Database {
  constructor(readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction and commits it. A deadlock or serialization failure is tried again (4 times in
   * all), so `work` may run more than once and must have no effect outside `tx`; use `onCommit` for those.
   * @throws whatever `work` throws, after the rollback
   */
  async transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      let tx: Tx | undefined;
      try {
        const result = await this.dataSource.transaction((manager) => {
          tx = manager;
          return work(manager);
        });
        if (tx) runAfterCommit(tx);
        return result;
      } catch (error) {
        if (attempt >= MAX_TRIES || !RETRYABLE_STATES.has(sqlState(error) ?? '')) throw error;
      }
    }
  }

  /** Rows of one statement outside any transaction: for reads. */
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return queryRows<Row>(this.dataSource.manager, sql, parameters);
  }

  /** Ends the pool; running statements are waited for. */
  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
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
  const isPair = answer.length === 2 && Array.isArray(answer[0]) && (typeof answer[1] === 'number' || answer[1] === null);
  return (isPair ? answer[0] : answer) as Row[];
}
