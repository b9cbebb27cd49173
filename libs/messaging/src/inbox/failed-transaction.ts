import { queryRows, sqlState, type Tx } from '@hornbook/database';

/** A statement failed in the handler, which went on as if nothing had happened. */
export class FailedTransactionError extends Error {
  override readonly name = 'FailedTransactionError';

  constructor() {
    super('a statement failed in the handler, which went on; use a savepoint to try one');
  }
}

const IN_FAILED_TRANSACTION = '25P02';

/** The members of pg's client that say how the transaction stands. */
interface ClientState {
  readonly readyForQuery?: boolean;
  readonly getTransactionStatus?: () => string | null;
}

/**
 * Postgres answers COMMIT of a failed transaction with a quiet ROLLBACK: a handler that swallowed a statement's
 * error would lose its effect, its inbox row and its message, and nobody would hear of it.
 * @throws FailedTransactionError when `tx` can no longer commit
 */
export async function refuseFailedTransaction(tx: Tx): Promise<void> {
  const client = (await tx.queryRunner?.connect()) as ClientState | undefined;
  // pg reports an error before the server has said how the transaction stands; then only asking helps.
  if (client?.readyForQuery !== true || client.getTransactionStatus === undefined) {
    await queryRows(tx, 'SELECT 1').catch((error: unknown) => {
      throw sqlState(error) === IN_FAILED_TRANSACTION ? new FailedTransactionError() : error;
    });
  } else if (client.getTransactionStatus() === 'E') {
    throw new FailedTransactionError();
  }
}
