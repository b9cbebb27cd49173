import { textRows, type Database } from '@hornbook/database';
import type { QueryRunner } from 'typeorm';
import type { CardColumn } from '../../cards/card.schema.js';
import type { CellSources } from '../../formats/index.js';
import { selectionSql, type CardSelection } from './card-filter.js';

const time = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;

const times: ReadonlySet<CardColumn> = new Set(['created_at', 'published_at', 'updated_at']);
const lists: ReadonlySet<CardColumn> = new Set(['tags', 'related_card_ids']);
const columnSql = (column: CardColumn): string => (times.has(column) ? time(column) : column);
const cellSql = (column: CardColumn): string =>
  lists.has(column) ? `array_to_json(${column}) AS ${column}` : columnSql(column);

/** Most cards of one fetch, and how long they may be together, as far as the ones before tell: little waits in memory. */
const MAX_FETCH_CARDS = 300;
const FETCH_LENGTH = 500_000;
/** Before anything is known of them. */
const FIRST_FETCH_CARDS = 30;

/** How a card comes: one text of JSON, or the texts of its columns, JSON of what is more than a text. */
export type CardForm = 'json' | 'cells';

const formSql: Readonly<Record<CardForm, (columns: readonly CardColumn[], from: string) => string>> = {
  json: (columns, from) =>
    `SELECT row_to_json(card) FROM (SELECT ${columns.map(columnSql).join(', ')} ${from}) AS card`,
  cells: (columns, from) => `SELECT ${columns.map(cellSql).join(', ')} ${from}`,
};

/**
 * The cards of a selection as they were at one moment, however long reading them takes: a cursor in a transaction of
 * its own, which sees nothing that is committed after it began.
 */
export class CardSnapshot {
  private ahead: Promise<CellSources[]> | undefined;
  private fetchCards = FIRST_FETCH_CARDS;

  private constructor(
    private readonly runner: QueryRunner,
    /** How many cards there are. */
    readonly count: number,
  ) {}

  /** Opens a snapshot; it holds a connection until it is closed. */
  static async open(
    database: Database,
    owner: string,
    selection: CardSelection,
    { columns, form }: { readonly columns: readonly CardColumn[]; readonly form: CardForm },
  ): Promise<CardSnapshot> {
    const runner = database.dataSource.createQueryRunner();
    await runner.connect();
    try {
      await runner.startTransaction('REPEATABLE READ');
      // Between two reads others have their turn; the time that takes is the reader's business.
      await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      const parameters: unknown[] = [];
      const where = selectionSql(selection, owner, parameters);
      const [{ count }] = (await runner.query(
        `SELECT count(*) AS count FROM cards WHERE ${where}`,
        parameters,
      )) as [{ count: string }];
      // By id in order: two exports of the same cards are the same bytes.
      const cards = formSql[form](columns, `FROM cards WHERE ${where} ORDER BY cards.id`);
      await runner.query(`DECLARE exported NO SCROLL CURSOR FOR ${cards}`, parameters);
      return new CardSnapshot(runner, Number(count));
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  /**
   * The next cards, each with the columns in their order; none at the end. The database looks for the ones after them
   * meanwhile.
   */
  async read(): Promise<CellSources[]> {
    const cards = await (this.ahead ?? this.fetch());
    if (cards.length > 0) this.learn(cards);
    this.ahead = cards.length === 0 ? Promise.resolve(cards) : this.fetch();
    return cards;
  }

  /** Safe to repeat. */
  async close(): Promise<void> {
    if (this.runner.isReleased) return;
    await this.ahead?.catch(() => undefined);
    try {
      await this.runner.rollbackTransaction();
    } finally {
      await this.runner.release();
    }
  }

  private fetch(): Promise<CellSources[]> {
    const cards = textRows(this.runner, `FETCH ${this.fetchCards} FROM exported`);
    // Its failure is told when its turn comes.
    cards.catch(() => undefined);
    return cards;
  }

  private learn(cards: readonly CellSources[]): void {
    let length = 0;
    for (const card of cards) for (const cell of card) length += cell?.length ?? 0;
    const fitting = Math.floor((cards.length * FETCH_LENGTH) / Math.max(1, length));
    this.fetchCards = Math.min(MAX_FETCH_CARDS, Math.max(1, fitting));
  }
}
