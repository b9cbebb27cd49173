import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { GeneratedDialogueRow } from '../dialogues/generated-dialogue.entity.js';
import type { GeneratedDialogue } from '../dialogues/mapping.js';

/** The review of a dialogue that must not be exported without one. Dialogues without such a row need none. */
@Entity('dialogue_reviews')
@Check('dialogue_reviews_state', `state IN ('awaiting', 'approved', 'invalid', 'withdrawn')`)
export class DialogueReviewRow {
  @PrimaryColumn('uuid', { name: 'dialogue_id', primaryKeyConstraintName: 'dialogue_reviews_pkey' })
  @ForeignKey(() => GeneratedDialogueRow, { name: 'dialogue_reviews_dialogue_id_fkey', onDelete: 'CASCADE' })
  dialogueId!: string;

  /** What the review said last. Whether the dialogue may leave is its `SyncStatusRow`'s to say. */
  @Column('text', { default: 'awaiting' })
  state!: string;

  /** How often a review was asked for. */
  @Column('integer', { default: 1 })
  requests!: number;

  @Column('timestamptz', { name: 'requested_at', default: () => 'now()' })
  requestedAt!: Date;

  /** Newest version of the ground truth that was heard of; news of an older one changes nothing. */
  @Column('integer', { name: 'ground_truth_version', nullable: true })
  groundTruthVersion!: number | null;

  /** The dialogue as approved last: exported in place of what was submitted. What was sent stands in its batch. */
  @Column('jsonb', { nullable: true })
  content!: GeneratedDialogue | null;

  /** Whether the last news came when the dialogue had left, and so changed nothing, unless it comes back. */
  @Column('boolean', { default: false })
  late!: boolean;

  /** Why it was deleted, or what is wrong with its edits. */
  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('text', { name: 'decided_by', nullable: true })
  decidedBy!: string | null;

  @Column('timestamptz', { name: 'decided_at', nullable: true })
  decidedAt!: Date | null;
}
