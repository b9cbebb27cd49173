import { DialogueReviewRequested, type EventData } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { Injectable } from '@nestjs/common';
import { note } from '../batches/history.js';

type Request = EventData<typeof DialogueReviewRequested>;
type RequestRow = Omit<Request, 'requested_at'> & { readonly requested_at: Date };

/* Of the dialogues as submitted: what a reviewer made of one is on the reviewers' side already. */
const REQUESTS = `
  SELECT d.id AS dialogue_id, r.requests AS version, d.owner, d.submitted_by, d.external_id,
    json_build_object('title', d.title, 'category', d.category, 'cefr_level', d.cefr_level, 'accent', d.accent, 'turns', (
      SELECT json_agg(json_build_object('text', text, 'order', position, 'speaker', speaker) ORDER BY position)
      FROM generated_phrases WHERE dialogue_id = d.id
    )) AS dialogue,
    CASE WHEN r.requests > 1 THEN r.ground_truth_version END AS objects_to, r.reason, r.requested_at
  FROM dialogue_reviews r JOIN generated_dialogues d ON d.id = r.dialogue_id
  WHERE r.dialogue_id = ANY ($1::uuid[]) ORDER BY d.id`;

/** Asks for reviews. The event is written in the transaction that holds the dialogue back, so neither is without the other. */
@Injectable()
export class ReviewRequests {
  constructor(private readonly outbox: Outbox) {}

  /** Asks for the first review of dialogues that were stored in `tx` with one required. */
  async ask(tx: Tx, dialogueIds: readonly string[]): Promise<void> {
    if (dialogueIds.length === 0) return;
    const rows = await queryRows<RequestRow>(tx, REQUESTS, [dialogueIds]);
    await this.outbox.publishAll(
      tx,
      DialogueReviewRequested,
      rows.map((row) => ({
        key: row.dialogue_id,
        data: { ...row, requested_at: row.requested_at.toISOString() },
      })),
    );
  }

  /** Asks once more about dialogues whose approved edits broke the rules; they await a review again. */
  async askAgain(tx: Tx, dialogueIds: readonly string[], by: string): Promise<void> {
    const asked = await queryRows<{ dialogue_id: string; requests: number; reason: string | null }>(
      tx,
      `UPDATE dialogue_reviews SET state = 'awaiting', requests = requests + 1, requested_at = now()
       WHERE dialogue_id = ANY ($1::uuid[]) AND state = 'invalid' RETURNING dialogue_id, requests, reason`,
      [dialogueIds],
    );
    await note(
      tx,
      asked.map(({ dialogue_id, requests, reason }) => ({
        event: 'review_requested',
        dialogueId: dialogue_id,
        detail: { version: requests, by, reason },
      })),
    );
    await this.ask(
      tx,
      asked.map(({ dialogue_id }) => dialogue_id),
    );
  }
}
