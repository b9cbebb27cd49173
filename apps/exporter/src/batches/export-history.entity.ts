import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { GeneratedDialogueRow } from '../dialogues/generated-dialogue.entity.js';
import { ExportBatchRow } from './export-batch.entity.js';

/** What happened, in order. An entry without a dialogue is about the whole batch, so 50 dialogues need one row. */
@Entity('export_history')
@Check('export_history_subject', 'batch_id IS NOT NULL OR dialogue_id IS NOT NULL')
@Index('export_history_batch', ['batchId', 'id'])
@Index('export_history_dialogue', ['dialogueId', 'id'])
@Index('export_history_at', { synchronize: false })
export class ExportHistoryRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'export_history_pkey',
  })
  id!: string;

  @Column('text', { name: 'batch_id', nullable: true })
  @ForeignKey(() => ExportBatchRow, { name: 'export_history_batch_id_fkey', onDelete: 'CASCADE' })
  batchId!: string | null;

  @Column('uuid', { name: 'dialogue_id', nullable: true })
  @ForeignKey(() => GeneratedDialogueRow, { name: 'export_history_dialogue_id_fkey', onDelete: 'CASCADE' })
  dialogueId!: string | null;

  @Column('text')
  event!: string;

  @Column('jsonb', { default: {} })
  detail!: Record<string, unknown>;

  @Column('timestamptz', { default: () => 'clock_timestamp()' })
  at!: Date;
}
