import { DIALOGUE_REVIEW_DATASET, DialogueReviewRequested, type EventData } from '@hornbook/contracts';
import type { Tx } from '@hornbook/database';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller, Logger } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { randomUUID } from 'node:crypto';
import { ensureDatasets } from '../datasets/datasets.js';
import { ItemImports } from '../imports/item-imports.js';
import { lockItem } from '../items/item-states.js';
import { Transitions } from '../items/transitions.js';

type Request = EventData<typeof DialogueReviewRequested>;

const CONSUMER = 'open-review-when-dialogue-review-is-requested';

/**
 * Makes a ground truth of a dialogue that must not be exported without a review: same id, in the dataset of dialogues.
 * A repeated request finds it there. A request that objects to an approved version reopens the item if it still is at
 * that very version; whatever was decided since then stands.
 */
@Controller()
export class OpenReviewWhenDialogueReviewIsRequestedConsumer {
  private readonly logger = new Logger(OpenReviewWhenDialogueReviewIsRequestedConsumer.name);

  constructor(
    private readonly imports: ItemImports,
    private readonly transitions: Transitions,
  ) {}

  @Consumes(DialogueReviewRequested, { consumer: CONSUMER })
  async handle(@Payload() request: Request, @Ctx() { tx }: MessageContext): Promise<void> {
    const { dialogue_id: id, objects_to, reason, version } = request;
    const item = await lockItem(tx, { dataset: DIALOGUE_REVIEW_DATASET, id });
    if (!item) {
      await this.open(tx, request);
      return;
    }
    if (item.status !== 'approved' || item.version !== objects_to) {
      this.logger.debug({ msg: 'a request for a review changes nothing', dialogue_id: id, version });
      return;
    }
    await this.transitions.apply(tx, { action: 'reopened', actor: CONSUMER, status: 'draft', reason }, [
      { item },
    ]);
  }

  private async open(tx: Tx, { dialogue_id: id, dialogue, ...request }: Request): Promise<void> {
    const datasets = await ensureDatasets(tx, [DIALOGUE_REVIEW_DATASET], CONSUMER);
    const dataset = datasets.get(DIALOGUE_REVIEW_DATASET);
    if (!dataset) throw new Error(`dataset ${DIALOGUE_REVIEW_DATASET} was neither there nor made`);
    const { external_id, submitted_by, owner } = request;
    const metadata = {
      owner,
      submittedBy: submitted_by,
      ...(external_id === null ? {} : { externalId: external_id }),
    };
    await this.imports.store(tx, {
      dataset,
      items: [
        {
          index: 0,
          dataset: DIALOGUE_REVIEW_DATASET,
          id,
          bucket: randomUUID(),
          content: { dialogue, metadata },
          tags: [],
          priority: 0,
          dueAt: null,
        },
      ],
      actor: submitted_by,
      // Its author: whoever has to have somebody else review it.
      user: owner,
      onConflict: 'error',
    });
  }
}
