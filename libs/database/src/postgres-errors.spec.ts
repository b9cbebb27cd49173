import { QueryFailedError } from 'typeorm';
import { isConnectionFailure, isUniqueViolation, sqlState, violatedConstraint } from './postgres-errors.js';

/** As the driver makes them: an Error with members of its own. */
function driverError(members: Record<string, unknown>, message = 'refused'): Error {
  return Object.assign(new Error(message), members);
}
const wrapped = (error: Error): QueryFailedError => new QueryFailedError('SELECT 1', [], error);

describe('what a database error says', () => {
  const duplicate = driverError({ code: '23505', constraint: 'import_batches_batch_id' });

  test.each([
    ['as the driver throws it', duplicate],
    ['as TypeORM wraps it', wrapped(duplicate)],
  ])('is read %s', (_, error) => {
    expect(sqlState(error)).toBe('23505');
    expect(violatedConstraint(error)).toBe('import_batches_batch_id');
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(error, 'import_batches_batch_id')).toBe(true);
    expect(isUniqueViolation(error, 'another')).toBe(false);
  });

  test.each([
    ['an error of another kind', new Error('no')],
    ['a system error', driverError({ code: 'ECONNREFUSED' })],
    ['no error at all', undefined],
    ['a text', '23505'],
  ])('is nothing for %s', (_, error) => {
    expect(sqlState(error)).toBeUndefined();
    expect(violatedConstraint(error)).toBeUndefined();
    expect(isUniqueViolation(error)).toBe(false);
  });
});

describe('a connection failure', () => {
  test.each([
    ['the server refuses connections', driverError({ code: 'ECONNREFUSED' })],
    ['its name is not found', driverError({ code: 'ENOTFOUND' })],
    ['its name cannot be looked up just now', driverError({ code: 'EAI_AGAIN' })],
    ['there is no way to it', driverError({ code: 'EHOSTUNREACH' })],
    ['nobody reads any more', wrapped(driverError({ code: 'EPIPE' }))],
    ['the connection is reset', wrapped(driverError({ code: 'ECONNRESET' }))],
    ['the administrator ends it', wrapped(driverError({ code: '57P01' }))],
    ['the server is starting', driverError({ code: '57P03' })],
    ['the protocol breaks', wrapped(driverError({ code: '08006' }))],
    ['the server has no connection left', driverError({ code: '53300' })],
    ['the socket ends', wrapped(driverError({}, 'Connection terminated unexpectedly'))],
    [
      'the client knows that its socket ended',
      wrapped(driverError({}, 'Client has encountered a connection error and is not queryable')),
    ],
    ['the pool is exhausted', driverError({}, 'timeout exceeded when trying to connect')],
    ['connecting takes too long', driverError({}, 'Connection terminated due to connection timeout')],
  ])('is it when %s', (_, error) => {
    expect(isConnectionFailure(error)).toBe(true);
  });

  test.each([
    ['a constraint', wrapped(driverError({ code: '23505' }))],
    ['a statement timeout', wrapped(driverError({ code: '57014' }))],
    ['a deadlock', wrapped(driverError({ code: '40P01' }))],
    ['a fault of our own', new TypeError('x is not a function')],
    ['a file that is missing', driverError({ code: 'ENOENT' })],
    ['nothing', undefined],
  ])('is not %s', (_, error) => {
    expect(isConnectionFailure(error)).toBe(false);
  });
});
