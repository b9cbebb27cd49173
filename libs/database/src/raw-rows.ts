import type { ClientBase } from 'pg';
import type { QueryRunner } from 'typeorm';
import { ownRows } from './database.js';

const asItCame = { getTypeParser: () => (value: unknown) => value };

/**
 * Rows of one statement as arrays, every value the text that Postgres writes of it: for much of what is only handed on.
 * @param runner connected, and not in use
 */
export async function textRows(
  runner: QueryRunner,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<(string | null)[][]> {
  const client = (await runner.connect()) as ClientBase;
  const { rows } = await client.query<(string | null)[]>({
    text: sql,
    values: [...parameters],
    rowMode: 'array',
    types: asItCame,
  });
  return ownRows(rows);
}
