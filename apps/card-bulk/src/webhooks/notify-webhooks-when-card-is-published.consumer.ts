import { CardPublished, type EventData } from '@hornbook/contracts';
import { onCommit } from '@hornbook/database';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Deliverer } from './deliverer.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { messageBody } from './message-body.js';

/** Has those webhooks of the owner told that want to know of published cards, up to 500 of them at once. */
@Controller()
export class NotifyWebhooksWhenCardIsPublishedConsumer {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly deliverer: Deliverer,
  ) {}

  @Consumes(CardPublished, { consumer: 'notify-webhooks-when-card-is-published' })
  async handle(
    @Payload() data: EventData<typeof CardPublished>,
    @Ctx() { tx, event: { time } }: MessageContext,
  ): Promise<void> {
    const event = 'card.published';
    const { owner, task_id } = data;
    const told = await this.deliveries.addForOwner(tx, {
      owner,
      event,
      task_id,
      body: messageBody(event, time, data),
    });
    if (told > 0) onCommit(tx, () => this.deliverer.ring());
  }
}
