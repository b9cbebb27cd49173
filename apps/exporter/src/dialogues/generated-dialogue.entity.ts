import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What a pipeline submitted; never changed afterwards. Where it stands is in `SyncStatusRow`. */
@Entity('generated_dialogues')
@Index('generated_dialogues_external_id', { synchronize: false })
@Index('generated_dialogues_owner', ['owner', 'id'])
export class GeneratedDialogueRow {
  /** UUIDv7: submission order. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'generated_dialogues_pkey' })
  id!: string;

  /** Whose record it is. */
  @Column('text')
  owner!: string;

  /** Who sent it: a user, or a key of the owner's. */
  @Column('text', { name: 'submitted_by' })
  submittedBy!: string;

  /** The pipeline's own id; unique per owner. */
  @Column('text', { name: 'external_id', nullable: true })
  externalId!: string | null;

  @Column('text')
  title!: string;

  @Column('text')
  category!: string;

  @Column('text', { name: 'cefr_level' })
  cefrLevel!: string;

  @Column('text', { nullable: true })
  accent!: string | null;

  @Column('text', { name: 'content_hash' })
  contentHash!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
