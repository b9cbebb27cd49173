import type { Accent, DifficultyLevel } from '@hornbook/contracts';
import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
} from 'typeorm';
import { Category } from '../categories/category.entity.js';
import { ImportBatch } from '../import-batches/import-batch.entity.js';

/** A dialogue as it is taught. Rows are written by imports alone, which fill `search` with all its words. */
@Entity('dialogs')
@Check('dialogs_difficulty_level_check', `difficulty_level IN ('beginner', 'intermediate', 'advanced')`)
@Index('idx_dialogs_category', ['categoryId', 'id'])
@Index('idx_dialogs_difficulty_level', ['difficultyLevel', 'id'])
@Index('idx_dialogs_accent', ['accent', 'id'])
@Index('idx_dialogs_source', ['source', 'id'])
@Index('idx_dialogs_import_batch', ['importBatchId', 'id'])
@Index('idx_dialogs_search', { synchronize: false })
export class Dialog {
  @PrimaryGeneratedColumn({ primaryKeyConstraintName: 'dialogs_pkey' })
  id!: number;

  @Column({ type: 'varchar', length: 255 })
  title!: string;

  @Column({ name: 'category_id', type: 'integer' })
  categoryId!: number;

  @ManyToOne(() => Category, { nullable: false, onDelete: 'CASCADE' })
  @JoinColumn({ name: 'category_id', foreignKeyConstraintName: 'dialogs_category_id_fkey' })
  category?: Category;

  @Column({ name: 'difficulty_level', type: 'varchar', length: 50, default: 'intermediate' })
  difficultyLevel!: DifficultyLevel;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  accent!: Accent | null;

  @Column({ type: 'varchar', length: 100, nullable: true })
  source!: string | null;

  @Column({ name: 'import_batch_id', type: 'integer', nullable: true })
  importBatchId!: number | null;

  @ManyToOne(() => ImportBatch, { nullable: true })
  @JoinColumn({ name: 'import_batch_id', foreignKeyConstraintName: 'dialogs_import_batch_id_fkey' })
  importBatch?: ImportBatch | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  /** Words of title, description and phrases, so that a search may find some here and some there. */
  @Column({ type: 'tsvector', default: '', select: false })
  search!: string;
}
