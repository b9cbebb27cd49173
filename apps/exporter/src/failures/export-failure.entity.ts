import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { ExportBatchRow } from '../batches/export-batch.entity.js';

/** What could not be exported and waits for a person (seed 000, section 7.3). */
@Entity('export_failures')
@Check(
  'export_failures_resolution',
  `resolution IN ('retried', 'resolved', 'confirmed', 'approved', 'withdrawn', 'reopened')`,
)
@Check('export_failures_resolved', '(resolved_at IS NULL) = (resolution IS NULL)')
@Index('export_failures_open', { synchronize: false })
@Index('export_failures_open_by_owner', { synchronize: false })
@Index('export_failures_by_owner', ['owner', 'id'])
@Index('export_failures_by_batch', ['batchId'])
@Index('export_failures_of_reviews', { synchronize: false })
@Index('export_failures_resolved_at', { synchronize: false })
export class ExportFailureRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'integer',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'export_failures_pkey',
  })
  id!: number;

  @Column('text')
  owner!: string;

  /** Null when the dialogue was in no batch yet: a review's edits broke the rules. */
  @Column('varchar', { name: 'batch_id', length: 100, nullable: true })
  @ForeignKey(() => ExportBatchRow, { name: 'export_failures_batch_id_fkey' })
  batchId!: string | null;

  @Column('uuid', { name: 'dialogue_ids', array: true })
  dialogueIds!: string[];

  @Column('varchar', { name: 'error_type', length: 100 })
  errorType!: string;

  @Column('text', { name: 'error_message', nullable: true })
  errorMessage!: string | null;

  /** What was sent: the whole batch, or the one dialogue that was refused. Of a review: the content as approved. */
  @Column('jsonb')
  payload!: unknown;

  /**
   * Whether the batch itself failed: its outcome on the platform may be unknown, so a retry sends the same id and
   * bytes. Otherwise single dialogues were refused, and a retry puts them into a new batch.
   */
  @Column('boolean', { name: 'whole_batch' })
  wholeBatch!: boolean;

  /** How often its dialogues have been sent again on somebody's request. */
  @Column('integer', { name: 'retry_count', default: 0 })
  retryCount!: number;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'resolved_at', nullable: true })
  resolvedAt!: Date | null;

  @Column('text', { nullable: true })
  resolution!: string | null;

  @Column('text', { name: 'resolved_by', nullable: true })
  resolvedBy!: string | null;

  @Column('text', { nullable: true })
  note!: string | null;
}
