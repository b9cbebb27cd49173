import pg from 'pg';
import { cardBulk } from '../../src/index.js';
import type { World } from './world.js';

/**
 * Keeps the imports of an owner who has earned nothing yet from going on, by holding the row of the balance: such an
 * import stays in the middle of its first chunk until it is let go. @returns what lets it go
 */
export async function holdImportsOf(
  world: Pick<World, 'database'>,
  owner: string,
): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: world.database.urlFor(cardBulk.name) });
  await client.connect();
  await client.query('BEGIN');
  await client.query('INSERT INTO extropy_balances (owner, balance) VALUES ($1, 0)', [owner]);
  return () => client.end();
}
