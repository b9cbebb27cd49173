import type { Database } from '@hornbook/database';
import type { QueryRunner } from 'typeorm';
import type { CardColumn } from '../../cards/card.schema.js';
import { selectionSql, type CardSelection } from './card-filter.js';

const time = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${column}`;

const times: ReadonlySet<CardColumn> = new Set(['created_at', 'published_at', 'updated_at']);
const columnSql = (column: CardColumn): string => (times.has(column) ? time(column) : column);

/** Cards of one fetch: few enough that their texts are soon forgotten. */
const FETCH_CARDS = 100;

/**
 * The cards of a selection as they were at one moment, however long reading them takes: a cursor in a transaction of
 * its own, which sees nothing that is committed after it began.
 */
export class CardSnapshot {
  private ahead: Promise<string[]> | undefined;

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
    columns: readonly CardColumn[],
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
      await runner.query(
        `DECLARE exported NO SCROLL CURSOR FOR SELECT row_to_json(card)::text AS card
         FROM (SELECT ${columns.map(columnSql).join(', ')} FROM cards WHERE ${where} ORDER BY cards.id) AS card`,
        parameters,
      );
      return new CardSnapshot(runner, Number(count));
    } catch (error) {
      await runner.release();
      throw error;
    }
  }

  /**
   * The next cards, each as JSON with the columns in their order; none at the end. The database looks for the ones
   * after them meanwhile.
   */
  async read(): Promise<string[]> {
    const cards = await (this.ahead ?? this.fetch());
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

  private fetch(): Promise<string[]> {
    const cards = this.runner
      .query(`FETCH ${FETCH_CARDS} FROM exported`)
      .then((rows: { card: string }[]) => rows.map(({ card }) => card));
    // Its failure is told when its turn comes.
    cards.catch(() => undefined);
    return cards;
  }
}
