import { decodeCursor, encodeCursor } from '@hornbook/contracts';
import { ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { RewardsRepository } from './rewards.repository.js';
import type { BalanceView, LedgerPage } from './rewards.schemas.js';

/** What an owner has earned. */
@Injectable()
export class RewardsService {
  constructor(private readonly rewards: RewardsRepository) {}

  /** The sum of the ledger, zero for somebody who has earned nothing. */
  async balance(owner: string): Promise<BalanceView> {
    const { balance, updated_at } = await this.rewards.balance(owner);
    return { owner, balance, updated_at: updated_at?.toISOString() ?? null };
  }

  /** One page of the ledger, newest first. */
  async ledger(owner: string, limit: number, cursor: string | undefined): Promise<LedgerPage> {
    const found = await this.rewards.ledger(owner, readCursor(cursor), limit + 1);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return {
      items: rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() })),
      next_cursor: last && found.length > limit ? encodeCursor([last.id]) : null,
    };
  }
}

function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (typeof id === 'string' && /^\d{1,18}$/.test(id)) return id;
  const error = 'Not a cursor of this list; send next_cursor as it was given';
  throw new ValidationError([{ field: 'cursor', error, code: 'invalid_cursor' }]);
}
