import { Database, queryRows, type Tx } from '@hornbook/database';
import { Injectable } from '@nestjs/common';
import { ExporterConfig } from '../config.js';
import { toBulkDialogue, type BulkDialogue, type GeneratedDialogue } from '../dialogues/mapping.js';
import { lockBatchIdClock } from './batch-id-clock.js';
import { cutBatches, type ReadyDialogue } from './cut-batches.js';
import { sealBatches } from './seal-batches.js';

/** Dialogues of one round: ten batches, so that their bodies (at most some 60 MB) fit in memory. */
const ROUND = 500;

/* The gate itself: whatever its standing says, a dialogue with a review leaves as it was approved, or not at all. */
const UNAPPROVED = `
  SELECT FROM dialogue_reviews r
  WHERE r.dialogue_id = sync_status.dialogue_id AND (r.state <> 'approved' OR r.content IS NULL)`;

/** What was put into batches. */
export interface Formed {
  readonly batches: number;
  readonly dialogues: number;
}

/** Makes batches of what is ready. Processes that do so at once take turns. */
@Injectable()
export class BatchFormer {
  constructor(
    private readonly database: Database,
    private readonly config: ExporterConfig,
  ) {}

  /**
   * Puts ready dialogues into batches, in rounds of 500, until there are none left to put.
   * @param everything also batches of less than 50
   * @param owner whose dialogues; undefined for all
   */
  async form({
    everything,
    owner,
  }: {
    readonly everything: boolean;
    readonly owner?: string | undefined;
  }): Promise<Formed> {
    let batches = 0;
    let dialogues = 0;
    for (;;) {
      const round = await this.database.transaction((tx) => this.round(tx, everything, owner));
      batches += round.batches;
      dialogues += round.dialogues;
      const isLast = round.batches === 0 || (!everything && round.looked < ROUND);
      if (isLast) return { batches, dialogues };
    }
  }

  private async round(
    tx: Tx,
    everything: boolean,
    owner: string | undefined,
  ): Promise<Formed & { looked: number }> {
    // Formers take turns. With SKIP LOCKED alone, one that was told to take everything would pass over the rest that
    // another, which takes only full batches, holds for a moment and leaves behind.
    await lockBatchIdClock(tx);
    const ready = await queryRows<ReadyDialogue>(
      tx,
      `SELECT dialogue_id AS "dialogueId", owner FROM sync_status
       WHERE status = 'ready' ${owner === undefined ? '' : 'AND owner = $2'} AND NOT EXISTS (${UNAPPROVED})
       ORDER BY dialogue_id LIMIT $1 FOR UPDATE`,
      owner === undefined ? [ROUND] : [ROUND, owner],
    );
    const cuts = cutBatches(ready, everything);
    if (cuts.length === 0) return { batches: 0, dialogues: 0, looked: ready.length };
    const contents = await this.contents(
      tx,
      cuts.flatMap(({ dialogueIds }) => dialogueIds),
    );
    const drafts = cuts.map((cut) => ({
      ...cut,
      dialogues: cut.dialogueIds.map((id) => {
        const dialogue = contents.get(id);
        if (!dialogue) throw new Error(`dialogue ${id} has a status but no content`);
        return dialogue;
      }),
    }));
    await sealBatches(tx, this.config.source, drafts);
    return { batches: cuts.length, dialogues: contents.size, looked: ready.length };
  }

  private async contents(tx: Tx, ids: readonly string[]): Promise<Map<string, BulkDialogue>> {
    const rows = await queryRows<GeneratedDialogue & { id: string; approved: GeneratedDialogue | null }>(
      tx,
      `SELECT id, title, category, cefr_level, accent, (
         SELECT json_agg(json_build_object('text', text, 'order', position, 'speaker', speaker) ORDER BY position)
         FROM generated_phrases WHERE dialogue_id = id
       ) AS turns, (SELECT content FROM dialogue_reviews WHERE dialogue_id = id) AS approved
       FROM generated_dialogues WHERE id = ANY ($1::uuid[])`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, toBulkDialogue(row.approved ?? row)]));
  }
}
