import { isConnectionFailure, sqlState } from '@hornbook/database';

/** SQLSTATE of a statement that was cancelled, normally by its time-out. */
const QUERY_CANCELED = '57014';

/**
 * Why a batch could not be stored, safe to show: no SQL, no host names, no values. The request id leads to the log
 * line that has the rest.
 */
export function failureReason(error: unknown, requestId: string): string {
  return `${kindOf(error)} (request ${requestId})`;
}

function kindOf(error: unknown): string {
  if (isConnectionFailure(error)) return 'The connection to the database was lost';
  const state = sqlState(error);
  if (state === QUERY_CANCELED) return 'The database took too long';
  return state === undefined ? 'Unexpected error' : `The database refused the batch (SQLSTATE ${state})`;
}
