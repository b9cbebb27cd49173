import type { DifficultyLevel } from '@hornbook/contracts';
import { Check, Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { Dialog } from './dialog.entity.js';

/** One sentence of a dialogue, to be read aloud. */
@Entity('phrases')
@Unique('phrases_dialog_id_order_key', ['dialogId', 'order'])
@Check('phrases_difficulty_check', `difficulty IN ('beginner', 'intermediate', 'advanced')`)
@Check('phrases_speaker_check', `speaker IN ('A', 'B')`)
export class Phrase {
  @PrimaryGeneratedColumn({ primaryKeyConstraintName: 'phrases_pkey' })
  id!: number;

  @Column({ name: 'dialog_id', type: 'integer' })
  dialogId!: number;

  @ManyToOne(() => Dialog, { nullable: false, onDelete: 'CASCADE' })
  @JoinColumn({ name: 'dialog_id', foreignKeyConstraintName: 'phrases_dialog_id_fkey' })
  dialog?: Dialog;

  @Column({ name: 'reference_text', type: 'text' })
  referenceText!: string;

  /** Place in the dialogue: 1, 2, 3 … */
  @Column({ type: 'integer' })
  order!: number;

  @Column({ type: 'varchar', length: 50 })
  difficulty!: DifficultyLevel;

  @Column({ name: 'phonetic_transcription', type: 'text', nullable: true })
  phoneticTranscription!: string | null;

  @Column({ type: 'varchar', length: 1, nullable: true })
  speaker!: 'A' | 'B' | null;
}
