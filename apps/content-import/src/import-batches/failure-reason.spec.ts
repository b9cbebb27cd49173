import { failureReason } from './failure-reason.js';

const databaseError = (code: string): Error =>
  Object.assign(new Error('INSERT INTO phrases … at db.internal'), { code });

describe('the reason of a failure', () => {
  it.each([
    [databaseError('23505'), 'The database refused the batch (SQLSTATE 23505) (request r-1)'],
    [databaseError('57014'), 'The database took too long (request r-1)'],
    [databaseError('57P01'), 'The connection to the database was lost (request r-1)'],
    [databaseError('ECONNRESET'), 'The connection to the database was lost (request r-1)'],
    [new TypeError('x of undefined in /srv/app.js'), 'Unexpected error (request r-1)'],
    ['thrown text', 'Unexpected error (request r-1)'],
  ])('of %s is safe to show', (error, expected) => {
    expect(failureReason(error, 'r-1')).toBe(expected);
  });
});
