import { ContentBatchImported, type EventData } from '@hornbook/contracts';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller, Logger } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { ImportChunk } from '../bulk/import/import-chunk.js';
import { batchOf } from '../bulk/import/import-input.js';
import type { PrivacyLevel } from '../cards/card.schema.js';
import { CardBulkConfig } from '../config.js';
import { dialogueCards } from './dialogue-card.js';

/** Published if the privacy level allows it, as any import does. */
const FLAGS = { publish_business: true, publish_ideas: true };
/** A dialogue that has its card keeps it as it is, whatever was edited in it since. */
const OPTIONS = {
  on_error: 'continue',
  on_duplicate: 'skip',
  match_on: 'external_id',
  dry_run: false,
} as const;

/**
 * Makes a card of each dialogue that content-import has stored, where the policy in the configuration says so; the
 * importer asks for it by the batch's `source`. At most 50 cards, so they are made in the message's transaction.
 */
@Controller()
export class MakeCardsWhenBatchIsImportedConsumer {
  private readonly logger = new Logger(MakeCardsWhenBatchIsImportedConsumer.name);

  constructor(
    private readonly config: CardBulkConfig,
    private readonly chunk: ImportChunk,
  ) {}

  @Consumes(ContentBatchImported, { consumer: 'make-cards-when-batch-is-imported' })
  async handle(
    @Payload() data: EventData<typeof ContentBatchImported>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    const {
      cardsFromImportedDialogues: policy,
      cardsFromImportedDialoguesOwner: owner,
      cardsFromImportedDialoguesCategory: category,
      cardsFromImportedDialoguesSources: sources,
    } = this.config;
    if (policy === 'off' || (sources.length > 0 && !sources.includes(data.source))) return;
    const privacy_level = policy.toUpperCase() as PrivacyLevel;
    const rows = dialogueCards(data, { privacy_level, category }).map((row, index) => ({ index, row }));
    const batch = batchOf(rows, FLAGS);
    const { counters, errors } = await this.chunk.store(tx, { owner, taskId: null, params: OPTIONS }, batch);
    this.logger.log({ msg: 'cards of imported dialogues', batch_id: data.batch_id, ...counters });
    if (errors.length > 0)
      this.logger.warn({ msg: 'dialogues without a card', batch_id: data.batch_id, errors });
  }
}
