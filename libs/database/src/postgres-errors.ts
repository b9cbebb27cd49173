/** The members of a Postgres error that we read; TypeORM wraps the driver's error and copies them. */
interface PostgresError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly driverError?: unknown;
}

function members(error: unknown): PostgresError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const outer = error as PostgresError;
  return typeof outer.driverError === 'object' && outer.driverError !== null ? outer.driverError : outer;
}

/** SQLSTATE of a database error ("23505"), or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  const code = members(error)?.code;
  // With a digit: EPIPE is no SQLSTATE.
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Name of the constraint that refused a statement, or undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  const constraint = members(error)?.constraint;
  return typeof constraint === 'string' ? constraint : undefined;
}

/** Whether a unique constraint (of this name, when given) refused the statement. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    sqlState(error) === '23505' && (constraint === undefined || violatedConstraint(error) === constraint)
  );
}

/** The connection ended in the middle of a transaction; nothing of it is committed. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  readonly code = 'ECONNRESET';

  constructor(options?: ErrorOptions) {
    super('Connection terminated in the middle of a transaction', options);
  }
}

/** How the system says that there is no way to the server, or none any more. */
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** How the driver says it, without a code. */
const DRIVER_MESSAGES =
  /Connection terminated|not queryable|timeout expired|timeout exceeded when trying to connect/;
const TOO_MANY_CONNECTIONS = '53300';

/**
 * Whether the database could not be reached or cut the connection: the outcome of the statement is unknown, and the
 * same work may succeed once the server is back.
 */
export function isConnectionFailure(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) {
    return state.startsWith('08') || state.startsWith('57P') || state === TOO_MANY_CONNECTIONS;
  }
  const code = members(error)?.code;
  if (typeof code === 'string') return SYSTEM_CODES.has(code);
  return error instanceof Error && DRIVER_MESSAGES.test(error.message);
}
