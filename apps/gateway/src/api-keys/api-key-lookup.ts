import type { Identity, Role } from '@hornbook/contracts';
import type { Database } from '@hornbook/database';
import type { Logger } from 'pino';
import { UnauthenticatedError } from '../authentication/authentication.errors.js';
import { keyHash, prefixOf, sameHash } from './api-key.js';

interface KeyRow {
  readonly id: string;
  readonly owner: string;
  readonly roles: Role[];
  readonly scopes: string[];
  readonly hash: Buffer;
  readonly previous_hash: Buffer | null;
  readonly use_is_old: boolean;
}

/** The subject of an API key, as services and logs see it. */
export function subjectOfKey(id: string): string {
  return `key:${id}`;
}

/** Says whose an API key is. Times are the database's: no gateway's clock matters. */
export class ApiKeyLookup {
  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
  ) {}

  /** @throws UnauthenticatedError: the same for unknown, wrong, expired and revoked keys */
  async identify(key: string): Promise<Identity> {
    const prefix = prefixOf(key);
    const row = prefix === undefined ? undefined : await this.find(prefix);
    const shown = keyHash(key);
    if (!row || !(sameHash(shown, row.hash) || sameHash(shown, row.previous_hash))) {
      throw new UnauthenticatedError(
        'The API key is not valid: it is unknown, expired or revoked',
        'api key',
      );
    }
    if (row.use_is_old) void this.noteUse(row.id);
    return { sub: subjectOfKey(row.id), owner: row.owner, roles: row.roles, scopes: row.scopes };
  }

  private async find(prefix: string): Promise<KeyRow | undefined> {
    const [row] = await this.database.query<KeyRow>(
      `SELECT id, owner, roles, scopes, hash,
         CASE WHEN previous_valid_until > now() THEN previous_hash END AS previous_hash,
         last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS use_is_old
       FROM api_keys
       WHERE prefix = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      [prefix],
    );
    return row;
  }

  /** For owners who look for keys that nobody uses; the caller does not wait for it. */
  private async noteUse(id: string): Promise<void> {
    try {
      await this.database.query(
        `UPDATE api_keys SET last_used_at = now()
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
        [id],
      );
    } catch (error) {
      this.logger.warn({ msg: 'the last use of an API key was not noted', key: id, err: error });
    }
  }
}
