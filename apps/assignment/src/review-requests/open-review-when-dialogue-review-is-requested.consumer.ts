import { DIALOGUE_REVIEW_DATASET, DialogueReviewRequested, type EventData } from '@hornbook/contracts';
import { queryRows, type Tx } from '@hornbook/database';
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
 * A repeated request finds it there. A request that objects to an approved version reopens the item if it is approved
 * still with that very content; whatever was written or decided since then stands.
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
    const stands = item.status !== 'approved' || objects_to === null;
    if (stands || (await isOvertaken(tx, item.pk, objects_to))) {
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

/** Whether an item was edited or decided about after a version. Being rescheduled counts up its version too, and is neither. */
async function isOvertaken(tx: Tx, itemPk: string, version: number): Promise<boolean> {
  const rows = await queryRows(
    tx,
    `SELECT FROM item_history
     WHERE item_pk = $1 AND version > $2 AND (changes IS NOT NULL OR from_status <> to_status) LIMIT 1`,
    [itemPk, version],
  );
  return rows.length > 0;
}
