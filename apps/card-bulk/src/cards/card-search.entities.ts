import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The words of a card, with its owner as one more word. Written after the card; see `card-words.indexer.ts`. */
@Entity('card_search')
@Index('idx_card_search', { synchronize: false })
export class CardSearch {
  @PrimaryColumn({ name: 'card_id', type: 'uuid', primaryKeyConstraintName: 'card_search_pkey' })
  cardId!: string;

  @Column({ type: 'tsvector' })
  search!: string;
}

/** Cards whose words are not indexed yet, a chunk of an import to a row. */
@Entity('card_search_queue')
export class CardSearchQueue {
  @PrimaryColumn({
    type: 'bigint',
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'card_search_queue_pkey',
  })
  id!: string;

  @Column({ name: 'card_ids', type: 'uuid', array: true })
  cardIds!: string[];

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
