import { BulkTaskFinished, type EventData } from '@hornbook/contracts';
import { onCommit } from '@hornbook/database';
import { Consumes, MessageContext } from '@hornbook/messaging';
import { TaskGoneError, TaskNotFoundError, Tasks } from '@hornbook/tasks';
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
    private readonly tasks: Tasks,
    private readonly deliveries: DeliveriesRepository,
    private readonly deliverer: Deliverer,
  ) {}

  @Consumes(BulkTaskFinished, { consumer: 'notify-webhooks-when-bulk-task-is-finished' })
  async handle(
    @Payload() data: EventData<typeof BulkTaskFinished>,
    @Ctx() { tx }: MessageContext,
  ): Promise<void> {
    const { owner, task_id, finished_at } = data;
    const url = await this.addressOf(task_id);
    const event = 'bulk.task.finished';
    const body = messageBody(event, finished_at, { ...data, status_url: statusUrl(task_id) });
    const message = { owner, event, task_id, body } as const;
    await this.deliveries.addForOwner(tx, message);
    if (url !== undefined) await this.deliveries.add(tx, message, { url });
    onCommit(tx, () => this.deliverer.ring());
  }

  /** The `webhook_url` of the request that made the task. */
  private async addressOf(taskId: string): Promise<string | undefined> {
    try {
      const { params } = await this.tasks.get(null, taskId);
      const url = (params as { webhook_url?: unknown }).webhook_url;
      return typeof url === 'string' ? url : undefined;
    } catch (error) {
      // Told of so late that the task is no longer kept.
      if (error instanceof TaskNotFoundError || error instanceof TaskGoneError) return undefined;
      throw error;
    }
  }
}
