import { Check, Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import type { BatchStatus } from './import-batches.schemas.js';

/**
 * A batch that was tried, one row however often. It is `completed` only together with its dialogues: the row is
 * written by the transaction that writes them. A running batch has no row of its own to leave behind.
 */
@Entity('import_batches')
@Unique('import_batches_batch_id_key', ['batchId'])
@Check('import_batches_status_check', `status IN ('completed', 'failed')`)
@Index('idx_import_batches_source', ['source', 'id'])
@Index('idx_import_batches_status', ['status', 'id'])
@Index('idx_import_batches_created_at', { synchronize: false })
export class ImportBatch {
  @PrimaryGeneratedColumn({ primaryKeyConstraintName: 'import_batches_pkey' })
  id!: number;

  /** The caller's idempotency key. */
  @Column({ name: 'batch_id', type: 'varchar', length: 100 })
  batchId!: string;

  @Column({ type: 'varchar', length: 100 })
  source!: string;

  /** Of the payload that was tried last. */
  @Column({ name: 'payload_hash', type: 'varchar', length: 64 })
  payloadHash!: string;

  @Column({ name: 'dialogues_count', type: 'integer', default: 0 })
  dialoguesCount!: number;

  @Column({ name: 'phrases_count', type: 'integer', default: 0 })
  phrasesCount!: number;

  @Column({ name: 'categories_created', type: 'integer', default: 0 })
  categoriesCreated!: number;

  @Column({ type: 'varchar', length: 50, default: 'completed' })
  status!: BatchStatus;

  /** Failures, plus one when it was completed. Refused duplicates do not count. */
  @Column({ type: 'integer', default: 1 })
  attempts!: number;

  /** Why the last try failed, safe to show; null once completed. */
  @Column({ name: 'error_message', type: 'text', nullable: true })
  errorMessage!: string | null;

  /** When it was tried first. */
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** When the last try ended: for a completed batch, when it was imported. */
  @Column({ name: 'processed_at', type: 'timestamptz', default: () => 'now()' })
  processedAt!: Date;
}
