import { CardPublished } from '@hornbook/contracts';
import { queryRows, sqlState, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import type { RowError } from '@hornbook/tasks';
import { Injectable } from '@nestjs/common';
import { CardBulkConfig } from '../../config.js';
import { RewardsRepository } from '../../rewards/rewards.repository.js';
import type { ImportCounters } from './import-counters.js';
import { rowsOf, type ImportBatch } from './import-input.js';
import type { ImportParams } from './import-params.js';
import { failedRows, rowErrors, rowOf, type PreparedRow } from './prepared-row.js';
import { storeCards, type NewlyPublished, type StoredRows, type StoreOptions } from './store-cards.js';

/** Cards of one event; keeps it far below the broker's and the outbox's limits. */
const EVENT_CARDS = 500;

/** What one chunk of an import did. */
export interface ImportedChunk {
  readonly counters: ImportCounters;
  readonly errors: readonly RowError[];
  /** The import has met a bad row and is to stop at it. */
  readonly stopped: boolean;
}

/** Whose import it is. */
export interface ImportOf {
  readonly owner: string;
  /** null: no task's, but an event's. */
  readonly taskId: string | null;
  readonly params: Pick<ImportParams, 'on_error' | 'on_duplicate' | 'match_on' | 'dry_run'>;
}

/** The rows of a batch that are in the tables, and those that the database refused. */
export interface StoredBatch {
  readonly stored: StoredRows;
  readonly refused: readonly RowError[];
}

const nothing: StoredRows = { imported: 0, updated: 0, skipped: 0, duplicates: [], published: [] };

/**
 * Stores one chunk: cards, rewards and the event in the caller's transaction. Whatever interrupts it leaves nothing of
 * the chunk, so a chunk that is done again does nothing twice.
 */
@Injectable()
export class ImportChunk {
  constructor(
    private readonly rewards: RewardsRepository,
    private readonly outbox: Outbox,
    private readonly config: CardBulkConfig,
  ) {}

  /** Stores a batch of prepared rows. */
  async store(tx: Tx, of: ImportOf, batch: ImportBatch): Promise<ImportedChunk> {
    return this.reward(tx, of, batch, await this.insert(tx, of, batch));
  }

  /** Writes the cards of a batch. Those that `areIndependent` can be written side by side. */
  async insert(tx: Tx, { owner, params }: ImportOf, batch: ImportBatch): Promise<StoredBatch> {
    const stops = params.on_error === 'abort';
    return this.storeOrFindRefused(tx, batch, {
      owner,
      cardUrlBase: this.config.cardUrlBase,
      on_duplicate: params.on_duplicate,
      match_on: params.match_on,
      stopBefore: stops ? (batch.errors[0]?.index ?? null) : null,
      stopAtDuplicate: stops,
      hasGivenIds: batch.hasGivenIds,
    });
  }

  /** What follows from the cards that `insert` wrote: rewards, which have an order, the event, and what to tell. */
  async reward(
    tx: Tx,
    { owner, taskId, params }: ImportOf,
    batch: ImportBatch,
    { stored, refused }: StoredBatch,
  ): Promise<ImportedChunk> {
    const stops = params.on_error === 'abort';
    const rewarded = await this.rewards.award(tx, owner, stored.published, {
      bulk_import: true,
      task_id: taskId,
    });
    if (!params.dry_run) await this.tell(tx, owner, taskId, stored.published);
    const duplicates = await duplicateErrors(tx, stored, batch);
    const bad = [...batch.errors, ...refused, ...duplicates].sort((a, b) => a.index - b.index);
    const stopAt = stops ? bad[0]?.index : undefined;
    const errors = stopAt === undefined ? bad : bad.filter(({ index }) => index === stopAt);
    return {
      counters: {
        cards_imported: stored.imported,
        cards_updated: stored.updated,
        cards_skipped: stored.skipped,
        cards_failed: failedRows(errors),
        cards_published: stored.published.length,
        cards_rewarded: rewarded,
      },
      errors,
      stopped: stopAt !== undefined,
    };
  }

  /**
   * Validation accepts only what the database accepts; should the two ever differ, the one row is found by halving
   * and reported, and costs one row.
   */
  private async storeOrFindRefused(
    tx: Tx,
    { rows, good }: ImportBatch,
    options: StoreOptions,
  ): Promise<StoredBatch> {
    if (good === 0) return { stored: nothing, refused: [] };
    await queryRows(tx, 'SAVEPOINT rows');
    try {
      const stored = await storeCards(tx, rows, options);
      await queryRows(tx, 'RELEASE SAVEPOINT rows');
      return { stored, refused: [] };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await queryRows(tx, 'ROLLBACK TO SAVEPOINT rows');
      await queryRows(tx, 'RELEASE SAVEPOINT rows');
      return this.storeHalves(tx, await rowsOf(tx, rows), options);
    }
  }

  private async storeHalves(
    tx: Tx,
    rows: readonly PreparedRow[],
    options: StoreOptions,
  ): Promise<StoredBatch> {
    const [only] = rows;
    if (only && rows.length === 1) {
      const fault = { field: 'row', error: 'The database refused this row', code: 'refused' };
      return { stored: nothing, refused: rowErrors(rowOf(only), [fault]) };
    }
    const half = rows.length >> 1;
    const parts = [];
    for (const part of [rows.slice(0, half), rows.slice(half)]) {
      const batch = {
        rows: { json: Buffer.from(JSON.stringify(part)) },
        good: part.length,
        errors: [],
        failed: 0,
        hasGivenIds: options.hasGivenIds,
      };
      const outcome = await this.storeOrFindRefused(tx, batch, options);
      parts.push(outcome);
      if (options.stopAtDuplicate && (outcome.refused.length > 0 || outcome.stored.duplicates.length > 0))
        break;
    }
    return {
      stored: parts.map(({ stored }) => stored).reduce(sum, nothing),
      refused: parts.flatMap(({ refused }) => refused),
    };
  }

  private async tell(
    tx: Tx,
    owner: string,
    taskId: string | null,
    published: readonly NewlyPublished[],
  ): Promise<void> {
    const messages = [];
    for (let first = 0; first < published.length; first += EVENT_CARDS) {
      const cards = published
        .slice(first, first + EVENT_CARDS)
        .map(({ id, published_url, privacy_level, category }) => ({
          card_id: id,
          published_url,
          privacy_level,
          category,
        }));
      messages.push({ key: owner, data: { owner, task_id: taskId, cards } });
    }
    await this.outbox.publishAll(tx, CardPublished, messages);
  }
}

/** Data exceptions, integrity constraints but unique ones (another transaction's doing), and limits of the program. */
function isRefusal(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && /^(22|23|54)/.test(state) && state !== '23505';
}

function sum(a: StoredRows, b: StoredRows): StoredRows {
  return {
    imported: a.imported + b.imported,
    updated: a.updated + b.updated,
    skipped: a.skipped + b.skipped,
    duplicates: [...a.duplicates, ...b.duplicates],
    published: [...a.published, ...b.published],
  };
}

/** Rows that are there already, as errors; only then are the rows parsed. */
async function duplicateErrors(
  tx: Tx,
  { duplicates }: StoredRows,
  { rows }: ImportBatch,
): Promise<RowError[]> {
  if (duplicates.length === 0) return [];
  const byPlace = new Map((await rowsOf(tx, rows)).map((row) => [row._n, row]));
  return duplicates.flatMap(({ n, code, card_id }) => {
    const row = byPlace.get(n);
    if (!row) return [];
    const error =
      code === 'duplicate_in_file'
        ? 'An earlier row of this import is the same card'
        : `Card ${card_id ?? ''} is the same card`;
    return rowErrors(rowOf(row), [{ field: 'row', error, code }]);
  });
}
