import { BulkTaskFinished, type EventData } from '@hornbook/contracts';
import { onCommit, queryRows, type Tx } from '@hornbook/database';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { statusUrl } from '../bulk/task-view.js';
import { Deliverer } from './deliverer.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { messageBody } from './message-body.js';

/** Has the owner's webhooks, and the address that came with the task, told that it has ended. */
@Controller()
export class NotifyWebhooksWhenBulkTaskIsFinishedConsumer {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly deliverer: Deliverer,
  ) {}

  @Consumes(BulkTaskFinished, { consumer: 'notify-webhooks-when-bulk-task-is-finished' })
  async handle(
    @Payload() data: EventData<typeof BulkTaskFinished>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    const { owner, task_id, finished_at } = data;
    const url = await addressOf(tx, task_id);
    const event = 'bulk.task.finished';
    const body = messageBody(event, finished_at, { ...data, status_url: statusUrl(task_id) });
    const message = { owner, event, task_id, body } as const;
    await this.deliveries.addForOwner(tx, message);
    if (url !== undefined) await this.deliveries.add(tx, message, { url });
    onCommit(tx, () => this.deliverer.ring());
  }
}

/** The `webhook_url` of the request that made the task; undefined also when the task is no longer kept. */
async function addressOf(tx: Tx, taskId: string): Promise<string | undefined> {
  const sql = `SELECT params->>'webhook_url' AS url FROM tasks WHERE id = $1`;
  const [row] = await queryRows<{ url: string | null }>(tx, sql, [taskId]);
  return row?.url ?? undefined;
}
