import { decodeCursor, encodeCursor, type Identity } from '@hornbook/contracts';
import { Database, isUniqueViolation, type Tx } from '@hornbook/database';
import { ProblemError, ValidationError } from '@hornbook/service-kit';
import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { keyHash, newKey, newKeyPrefix } from './api-key.js';
import { ApiKey } from './api-key.entity.js';
import {
  ApiKeyEndedError,
  ApiKeyNameTakenError,
  ApiKeyNotFoundError,
  ExceedsMakerError,
} from './api-keys.errors.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import type {
  ApiKeyPage,
  ApiKeyQuery,
  ApiKeyView,
  ApiKeyWithSecret,
  CreateApiKey,
} from './api-keys.schemas.js';
import { callingKey, excessOf, mayManage } from './grant.js';

function viewOf(key: ApiKey): ApiKeyView {
  const grace = key.previousValidUntil;
  return {
    id: key.id,
    prefix: key.prefix,
    name: key.name,
    owner: key.owner,
    made_by: key.madeBy,
    roles: key.roles,
    scopes: key.scopes,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    previous_valid_until: grace && grace.getTime() > Date.now() ? grace.toISOString() : null,
  };
}

function hasEnded({ revokedAt, expiresAt }: ApiKey): boolean {
  return revokedAt !== null || (expiresAt !== null && expiresAt.getTime() <= Date.now());
}

/** API keys: made, listed, rotated, revoked. A key gives at most what its maker has, and for no longer. */
@Injectable()
export class ApiKeysService {
  private readonly logger = new Logger('api-keys');

  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
  ) {}

  async create(caller: Identity, wanted: CreateApiKey): Promise<ApiKeyWithSecret> {
    const owner = wanted.owner ?? caller.owner;
    if (!mayManage(caller, owner))
      throw new ExceedsMakerError('keys of another owner are for administrators');
    const excess = excessOf(wanted, caller);
    if (excess) throw new ExceedsMakerError(excess);
    const prefix = newKeyPrefix();
    const key = newKey(prefix);
    const entry = await this.insert(wanted.name, async (tx) =>
      tx.create(ApiKey, {
        id: uuidv7(),
        prefix,
        hash: keyHash(key),
        previousHash: null,
        previousValidUntil: null,
        name: wanted.name,
        owner,
        madeBy: caller.sub,
        roles: [...new Set(wanted.roles)],
        scopes: [...new Set(wanted.scopes)],
        createdAt: new Date(),
        expiresAt: await this.expiry(tx, caller, wanted.expires_at),
        revokedAt: null,
        lastUsedAt: null,
      }),
    );
    this.logger.log({ msg: 'API key made', key: entry.id, owner, by: caller.sub });
    return { ...viewOf(entry), key };
  }

  async list(caller: Identity, { owner, limit, cursor }: ApiKeyQuery): Promise<ApiKeyPage> {
    if (owner !== undefined && !mayManage(caller, owner)) {
      throw new ProblemError('forbidden', { detail: 'Keys of another owner are for administrators' });
    }
    const all = caller.roles.includes('admin') ? undefined : caller.owner;
    const before = cursor === undefined ? undefined : decodeCursor(cursor, 1)?.[0];
    if (cursor !== undefined && !isUuid(before)) {
      throw new ValidationError([
        { field: 'cursor', error: 'Not a cursor of this list', code: 'invalid_cursor' },
      ]);
    }
    const keys = await this.keys.page(
      owner ?? all,
      before === undefined ? undefined : String(before),
      limit + 1,
    );
    const page = keys.slice(0, limit);
    const last = keys.length > limit ? page.at(-1) : undefined;
    return { items: page.map(viewOf), next_cursor: last ? encodeCursor([last.id]) : null };
  }

  async read(caller: Identity, id: string): Promise<ApiKeyView> {
    return viewOf(this.manageable(caller, id, await this.keys.find(id)));
  }

  /** Gives the key a new secret; the one before stays valid for `graceSeconds`. */
  async rotate(caller: Identity, id: string, graceSeconds: number): Promise<ApiKeyWithSecret> {
    const rotated = await this.database.transaction(async (tx) => {
      const entry = this.manageable(caller, id, await this.keys.hold(tx, id));
      if (hasEnded(entry)) throw new ApiKeyEndedError(id);
      // The new secret is a new grant: who gets it must have what it gives.
      const excess = callingKey(caller) === id ? undefined : excessOf(entry, caller);
      if (excess) throw new ExceedsMakerError(excess);
      const key = newKey(entry.prefix);
      await this.keys.rotate(tx, id, keyHash(key), graceSeconds);
      return { entry: (await this.keys.hold(tx, id)) ?? entry, key };
    });
    this.logger.log({ msg: 'API key rotated', key: id, by: caller.sub, grace_seconds: graceSeconds });
    return { ...viewOf(rotated.entry), key: rotated.key };
  }

  /** Ends the key and all that were made with it; every gateway refuses them within 5 seconds. Safe to repeat. */
  async revoke(caller: Identity, id: string): Promise<void> {
    const revoked = await this.database.transaction(async (tx) => {
      this.manageable(caller, id, await this.keys.hold(tx, id));
      return this.keys.revoke(tx, id);
    });
    this.logger.log({ msg: 'API keys revoked', keys: revoked, by: caller.sub });
  }

  private manageable(caller: Identity, id: string, entry: ApiKey | null): ApiKey {
    if (!entry || !mayManage(caller, entry.owner)) throw new ApiKeyNotFoundError(id);
    return entry;
  }

  private async insert(name: string, make: (tx: Tx) => Promise<ApiKey>): Promise<ApiKey> {
    try {
      return await this.database.transaction(async (tx) => {
        const entry = await make(tx);
        await tx.insert(ApiKey, entry);
        return entry;
      });
    } catch (error) {
      if (isUniqueViolation(error, 'api_keys_owner_name')) throw new ApiKeyNameTakenError(name);
      throw error;
    }
  }

  /** When a new key ends: one made with a key ends with that at the latest. */
  private async expiry(tx: Tx, caller: Identity, wanted: string | undefined): Promise<Date | null> {
    const expiresAt = wanted === undefined ? null : new Date(wanted);
    if (expiresAt && expiresAt.getTime() <= Date.now()) {
      throw new ValidationError([{ field: 'expires_at', error: 'Must lie in the future', code: 'invalid' }]);
    }
    const makerId = callingKey(caller);
    if (makerId === undefined) return expiresAt;
    // Held, so that a maker that is just being revoked has no child that the revocation does not see.
    const maker = await this.keys.hold(tx, makerId);
    if (!maker || hasEnded(maker)) throw new ExceedsMakerError('it is revoked or expired');
    if (!maker.expiresAt) return expiresAt;
    if (expiresAt && expiresAt > maker.expiresAt)
      throw new ExceedsMakerError(`it expires at ${maker.expiresAt.toISOString()}`);
    return expiresAt ?? maker.expiresAt;
  }
}

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
