import { Database } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { dialogListSql, type DialogFilter } from './dialog-list-sql.js';
import type { DialogView, PhraseView } from './dialogs.schemas.js';

/** A dialogue as the database hands it over. */
export type DialogRow = Omit<DialogView, 'created_at'> & { readonly created_at: Date };

const PHRASES = `
  SELECT id, "order", reference_text, difficulty, phonetic_transcription, speaker
  FROM phrases WHERE dialog_id = $1 ORDER BY "order"`;

/** Reads dialogues. */
@Injectable()
export class DialogsRepository {
  constructor(private readonly database: Database) {}

  /** Dialogues, newest first. */
  async list(filter: DialogFilter, limit: number): Promise<DialogRow[]> {
    const { sql, parameters } = dialogListSql(filter, limit);
    return this.database.query<DialogRow>(sql, parameters);
  }

  /**
   * Id of a category. Looked up on its own and not in the list's statement, where the planner would not know how many
   * dialogues the category has and might go through all of them for a rare one.
   */
  async categoryId(name: string): Promise<number | undefined> {
    const [category] = await this.database.query<{ id: number }>(
      'SELECT id FROM categories WHERE name = $1',
      [name],
    );
    return category?.id;
  }

  /** A dialogue, or undefined. */
  async find(id: number): Promise<DialogRow | undefined> {
    const [row] = await this.list({ id }, 1);
    return row;
  }

  /** Phrases of a dialogue, in order. */
  async phrases(dialogId: number): Promise<PhraseView[]> {
    return this.database.query<PhraseView>(PHRASES, [dialogId]);
  }
}
