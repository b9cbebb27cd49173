import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { CardCategory, PrivacyLevel } from './card.schema.js';

const isPrivacyLevel = `privacy_level IN ('PRIVATE', 'PERSONAL', 'BUSINESS', 'IDEAS')`;
const isCategory = `category IN ('UNASSIMILATED', 'PROGRAM', 'CATEGORIZED', 'GRIT', 'TOUGH', 'JUNK', 'BUSINESS', 'IDEAS', 'PERSONAL', 'PRIVATE')`;
const isPublished = `is_published = (published_url IS NOT NULL) AND is_published = (published_at IS NOT NULL) AND (privacy_level IN ('BUSINESS', 'IDEAS') OR NOT is_published)`;

/** A card. Rows are written by set-based statements; the entity reads them and guards the schema against drift. */
@Entity('cards')
@Check('cards_privacy_level_check', isPrivacyLevel)
@Check('cards_category_check', isCategory)
@Check('cards_published_check', isPublished)
@Index('idx_cards_owner', ['owner', 'id'], { where: 'deleted_at IS NULL' })
@Index('idx_cards_deleted', ['owner', 'id'], { where: 'deleted_at IS NOT NULL' })
@Index('idx_cards_category', ['owner', 'category', 'id'], { where: 'deleted_at IS NULL' })
@Index('idx_cards_privacy_level', ['owner', 'privacyLevel', 'id'], { where: 'deleted_at IS NULL' })
@Index('idx_cards_external_id', ['owner', 'externalId'], {
  where: 'deleted_at IS NULL AND external_id IS NOT NULL',
})
@Index('idx_cards_source_url', { synchronize: false })
@Index('idx_cards_content', { synchronize: false })
@Index('idx_cards_tags', { synchronize: false })
export class CardEntity {
  /** UUIDv7, or the one that an export carried. */
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'cards_pkey' })
  id!: string;

  @Column({ type: 'varchar', length: 200 })
  owner!: string;

  @Column({ type: 'varchar', length: 1000 })
  title!: string;

  @Column({ type: 'text' })
  body!: string;

  @Column({ type: 'varchar', length: 50 })
  category!: CardCategory;

  @Column({ name: 'privacy_level', type: 'varchar', length: 50 })
  privacyLevel!: PrivacyLevel;

  @Column({ type: 'text', array: true, default: () => `'{}'` })
  tags!: string[];

  @Column({ name: 'source_platform', type: 'varchar', length: 100, nullable: true })
  sourcePlatform!: string | null;

  @Column({ name: 'source_url', type: 'text', nullable: true })
  sourceUrl!: string | null;

  /** The writer's own id of the card; not unique, as an import may be told to insert whatever is there. */
  @Column({ name: 'external_id', type: 'varchar', length: 255, nullable: true })
  externalId!: string | null;

  @Column({ name: 'content_id', type: 'varchar', length: 255, nullable: true })
  contentId!: string | null;

  @Column({ name: 'parent_card_id', type: 'uuid', nullable: true })
  parentCardId!: string | null;

  @Column({ name: 'related_card_ids', type: 'uuid', array: true, default: () => `'{}'` })
  relatedCardIds!: string[];

  @Column({ name: 'is_published', type: 'boolean', default: false })
  isPublished!: boolean;

  @Column({ name: 'published_url', type: 'text', nullable: true })
  publishedUrl!: string | null;

  @Column({ type: 'jsonb', default: () => `'{}'` })
  metadata!: Record<string, unknown>;

  /** Grows with every change; the ETag. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', default: () => 'now()' })
  updatedAt!: Date;

  @Column({ name: 'published_at', type: 'timestamptz', nullable: true })
  publishedAt!: Date | null;

  /** Set by a soft delete, cleared by a restore. */
  @Column({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}
