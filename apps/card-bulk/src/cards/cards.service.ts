import { CardPublished, encodeCursor, decodeCursor } from '@hornbook/contracts';
import { Database, type Tx } from '@hornbook/database';
import { Outbox } from '@hornbook/messaging';
import { NotFoundError, ValidationError } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import { requireMatch } from '../access/etag.js';
import { CardBulkConfig } from '../config.js';
import { RewardsRepository } from '../rewards/rewards.repository.js';
import { cardEtag, cardView } from './card-view.js';
import { CardsRepository, type CardChange, type CardRow } from './cards.repository.js';
import type { CardListQuery, CardPage, CardPatch } from './cards.schemas.js';
import { publishedUrl } from './slug.js';

/** Cards of one owner, one at a time. */
@Injectable()
export class CardsService {
  constructor(
    private readonly database: Database,
    private readonly cards: CardsRepository,
    private readonly rewards: RewardsRepository,
    private readonly outbox: Outbox,
    private readonly config: CardBulkConfig,
  ) {}

  /** One page, newest first. */
  async list(owner: string, { limit, cursor, ...filter }: Omit<CardListQuery, 'owner'>): Promise<CardPage> {
    const found = await this.cards.list({ ...filter, owner, before: readCursor(cursor) }, limit + 1);
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return {
      items: rows.map(cardView),
      next_cursor: last && found.length > limit ? encodeCursor([last.id]) : null,
    };
  }

  /** @throws NotFoundError also for somebody else's card */
  async get(owner: string, id: string): Promise<CardRow> {
    const row = await this.cards.find(owner, id);
    if (!row) throw new NotFoundError(`Card ${id}`);
    return row;
  }

  /**
   * Changes a card. When that publishes it, the reward and the event are part of the same transaction; a card is
   * rewarded once, however often it is taken back and published again.
   * @throws NotFoundError; ProblemError 428, 412; ValidationError when its privacy level forbids publishing
   */
  async change(owner: string, id: string, patch: CardPatch, ifMatch: string | undefined): Promise<CardRow> {
    return this.database.transaction(async (tx) => {
      const card = await this.locked(tx, owner, id, ifMatch);
      const change = { ...contentChange(patch), ...this.publication(card, patch) };
      const changed = await this.cards.change(tx, id, change);
      if (!card.is_published && changed.is_published) await this.reward(tx, owner, changed);
      return changed;
    });
  }

  /** Marks a card as deleted, or removes it for good. A card that is marked already stays as it is. */
  async delete(owner: string, id: string, hard: boolean, ifMatch: string | undefined): Promise<void> {
    await this.database.transaction(async (tx) => {
      const card = await this.locked(tx, owner, id, ifMatch);
      if (hard || card.deleted_at === null) await this.cards.delete(tx, id, hard);
    });
  }

  private async locked(tx: Tx, owner: string, id: string, ifMatch: string | undefined): Promise<CardRow> {
    const card = await this.cards.findLocked(tx, owner, id);
    if (!card) throw new NotFoundError(`Card ${id}`);
    requireMatch(ifMatch, cardEtag(card));
    return card;
  }

  /** What a patch does to a card's publication. */
  private publication(card: CardRow, patch: CardPatch): CardChange {
    const privacy = patch.privacy_level ?? card.privacy_level;
    const isPublishable = privacy === 'BUSINESS' || privacy === 'IDEAS';
    if (patch.is_published === true && !isPublishable) {
      const error = `A card with privacy level ${privacy} cannot be published (allowed: BUSINESS, IDEAS)`;
      throw new ValidationError([{ field: 'is_published', error, code: 'not_publishable' }]);
    }
    const isWanted = isPublishable && (patch.is_published ?? card.is_published);
    if (isWanted === card.is_published) return {};
    if (!isWanted) return { is_published: false, published_url: null, published_at: null };
    return {
      is_published: true,
      published_url: publishedUrl(this.config.cardUrlBase, patch.title ?? card.title, card.id),
      published_at: new Date(),
    };
  }

  private async reward(
    tx: Tx,
    owner: string,
    { id, title, published_url, privacy_level, category }: CardRow,
  ): Promise<void> {
    await this.rewards.award(tx, owner, [{ id, title }], {});
    const cards = [{ card_id: id, published_url: published_url ?? '', privacy_level, category }];
    await this.outbox.publish(tx, CardPublished, { key: owner, data: { owner, task_id: null, cards } });
  }
}

/** Members of a patch as columns; null empties a list or an object, and resets a word to its default. */
function contentChange(patch: CardPatch): CardChange {
  const { is_published: _, category, privacy_level, tags, related_card_ids, metadata, ...plain } = patch;
  return {
    ...plain,
    ...(category === undefined ? {} : { category: category ?? 'UNASSIMILATED' }),
    ...(privacy_level === undefined ? {} : { privacy_level: privacy_level ?? 'PRIVATE' }),
    ...(tags === undefined ? {} : { tags: tags ?? [] }),
    ...(related_card_ids === undefined ? {} : { related_card_ids: related_card_ids ?? [] }),
    ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (typeof id === 'string' && uuid.test(id)) return id;
  const error = 'Not a cursor of this list; send next_cursor as it was given';
  throw new ValidationError([{ field: 'cursor', error, code: 'invalid_cursor' }]);
}
