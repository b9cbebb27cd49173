import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { GeneratedDialogueRow } from './generated-dialogue.entity.js';

/** One turn of a generated dialogue. */
@Entity('generated_phrases')
export class GeneratedPhraseRow {
  @PrimaryColumn('uuid', { name: 'dialogue_id', primaryKeyConstraintName: 'generated_phrases_pkey' })
  @ForeignKey(() => GeneratedDialogueRow, { name: 'generated_phrases_dialogue_id_fkey', onDelete: 'CASCADE' })
  dialogueId!: string;

  /** From 1. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'generated_phrases_pkey' })
  position!: number;

  @Column('text')
  text!: string;

  @Column('text', { nullable: true })
  speaker!: string | null;
}
