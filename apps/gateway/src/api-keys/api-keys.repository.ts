import { queryRows, type Database, type Tx } from '@hornbook/database';
import { LessThan, type FindOptionsWhere } from 'typeorm';
import { subjectOfKey } from './api-key-lookup.js';
import { ApiKey } from './api-key.entity.js';

/** What find and save cannot say of API keys. */
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. @param before id of the last key of the page before */
  async page(owner: string | undefined, before: string | undefined, limit: number): Promise<ApiKey[]> {
    const where: FindOptionsWhere<ApiKey> = {
      ...(owner === undefined ? {} : { owner }),
      ...(before === undefined ? {} : { id: LessThan(before) }),
    };
    return this.database.dataSource.getRepository(ApiKey).find({ where, order: { id: 'DESC' }, take: limit });
  }

  async find(id: string): Promise<ApiKey | null> {
    return this.database.dataSource.getRepository(ApiKey).findOneBy({ id });
  }

  /** The key, held until `tx` ends. */
  async hold(tx: Tx, id: string): Promise<ApiKey | null> {
    return tx.findOne(ApiKey, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /**
   * Revokes a key and every key that was made with it, and so on: whoever stole a key must not live on in its children.
   * @returns ids of those that were still valid
   */
  async revoke(tx: Tx, id: string): Promise<string[]> {
    const revoked: string[] = [];
    for (;;) {
      const rows = await queryRows<{ id: string }>(
        tx,
        `WITH RECURSIVE family AS (
           SELECT id FROM api_keys WHERE id = $1
           UNION
           SELECT child.id FROM api_keys child JOIN family ON child.made_by = $2 || family.id::text
         )
         UPDATE api_keys SET revoked_at = now() FROM family
         WHERE api_keys.id = family.id AND revoked_at IS NULL
         RETURNING api_keys.id`,
        [id, subjectOfKey('')],
      );
      // A key made while this waited for its maker's row is seen by the next statement; after that none can be made.
      if (rows.length === 0) return revoked;
      revoked.push(...rows.map((row) => row.id));
    }
  }

  /**
   * Gives a key its next secret; the current one becomes the previous one for `graceSeconds`, and one that was the
   * previous one already is gone: never more than two are valid.
   */
  async rotate(tx: Tx, id: string, hash: Buffer, graceSeconds: number): Promise<void> {
    await queryRows(
      tx,
      `UPDATE api_keys SET hash = $2,
         previous_hash = CASE WHEN $3::int > 0 THEN hash END,
         previous_valid_until = CASE WHEN $3::int > 0 THEN now() + make_interval(secs => $3::int) END
       WHERE id = $1`,
      [id, hash, graceSeconds],
    );
  }
}
