import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { GeneratedDialogueRow } from '../dialogues/generated-dialogue.entity.js';
import { ExportBatchRow } from './export-batch.entity.js';

/** Which dialogue stands where in which batch; a dialogue keeps its places in earlier batches. */
@Entity('export_batch_dialogues')
@Index('export_batch_dialogues_dialogue', ['dialogueId'])
export class ExportBatchDialogueRow {
  @PrimaryColumn('text', { name: 'batch_id', primaryKeyConstraintName: 'export_batch_dialogues_pkey' })
  @ForeignKey(() => ExportBatchRow, { name: 'export_batch_dialogues_batch_id_fkey', onDelete: 'CASCADE' })
  batchId!: string;

  /** Index in the payload, from 0. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'export_batch_dialogues_pkey' })
  position!: number;

  @Column('uuid', { name: 'dialogue_id' })
  @ForeignKey(() => GeneratedDialogueRow, {
    name: 'export_batch_dialogues_dialogue_id_fkey',
    onDelete: 'CASCADE',
  })
  dialogueId!: string;
}
