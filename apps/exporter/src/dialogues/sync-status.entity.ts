import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { ExportBatchRow } from '../batches/export-batch.entity.js';
import { GeneratedDialogueRow } from './generated-dialogue.entity.js';

/**
 * Where each dialogue stands: the narrow row that changes, beside the wide one that does not. `owner` repeats the
 * dialogue's, so that "mine, of this status" is one index.
 */
@Entity('sync_status')
@Check(
  'sync_status_status',
  `status IN ('awaiting_review', 'ready', 'batched', 'confirmed', 'failed', 'resolved', 'withdrawn')`,
)
@Index('sync_status_by_status', ['status', 'dialogueId'])
@Index('sync_status_by_owner', ['owner', 'status', 'dialogueId'])
@Index('sync_status_by_batch', ['batchId'])
export class SyncStatusRow {
  @PrimaryColumn('uuid', { name: 'dialogue_id', primaryKeyConstraintName: 'sync_status_pkey' })
  @ForeignKey(() => GeneratedDialogueRow, { name: 'sync_status_dialogue_id_fkey', onDelete: 'CASCADE' })
  dialogueId!: string;

  @Column('text')
  owner!: string;

  @Column('text', { default: 'ready' })
  status!: string;

  /** The batch it is in now, or the one it failed with; null while it is in none. */
  @Column('text', { name: 'batch_id', nullable: true })
  @ForeignKey(() => ExportBatchRow, { name: 'sync_status_batch_id_fkey' })
  batchId!: string | null;

  /** How often it was sent again on somebody's request. */
  @Column('integer', { name: 'retry_count', default: 0 })
  retryCount!: number;

  @Column('bigint', { name: 'pronielts_dialog_id', nullable: true })
  pronieltsDialogId!: string | null;

  /** In the order of the turns. */
  @Column('bigint', { name: 'pronielts_phrase_ids', array: true, nullable: true })
  pronieltsPhraseIds!: string[] | null;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt!: Date;

  @Column('timestamptz', { name: 'confirmed_at', nullable: true })
  confirmedAt!: Date | null;
}
