import type { EntityManager, QueryRunner } from 'typeorm';

type Callback = () => void;

// Keyed by the runner, which lives exactly as long as the transaction's connection is held; a rolled-back
// transaction's callbacks go with it, unrun.
const callbacks = new WeakMap<QueryRunner, Callback[]>();

/**
 * The runner of an open transaction.
 * @throws Error when `tx` is not inside a transaction, naming `what` needed one
 */
export function requireTransaction(tx: EntityManager, what: string): QueryRunner {
  const runner = tx.queryRunner;
  if (!runner?.isTransactionActive) {
    throw new Error(
      `${what} needs an open transaction: call it inside database.transaction(async (tx) => …) with that tx`,
    );
  }
  return runner;
}

/** Runs `callback` once `tx` has committed; never when it rolls back. The callback must not throw. */
export function onCommit(tx: EntityManager, callback: Callback): void {
  const runner = requireTransaction(tx, 'onCommit');
  const list = callbacks.get(runner);
  if (list) list.push(callback);
  else callbacks.set(runner, [callback]);
}

/** Runs what `onCommit` collected. Called by `Database.transaction` alone. */
export function runAfterCommit(tx: EntityManager): void {
  const runner = tx.queryRunner;
  if (!runner) return;
  const list = callbacks.get(runner);
  callbacks.delete(runner);
  for (const callback of list ?? []) callback();
}
