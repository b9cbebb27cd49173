import { Readable } from 'node:stream';
import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { isFinished, Tasks } from '@hornbook/tasks';
import { Controller, Get, Headers, HttpStatus, Param, Query, Res, UseInterceptors } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actingFor, CARD_ROLES } from '../../access/acting-for.js';
import { ownerQuerySchema, type OwnerQuery } from '../../cards/cards.schemas.js';
import { CardBulkConfig } from '../../config.js';
import { taskPathSchema } from '../bulk.schemas.js';
import { Presence } from '../presence.js';
import { TaskErrors } from '../task-errors.interceptor.js';
import { EventStreams } from './event-streams.js';
import { taskStream } from './task-stream.js';

/** How an operation goes, told as it goes. */
@ApiTags('Bulk operations')
@Controller('bulk/tasks')
@UseInterceptors(TaskErrors)
export class TaskStreamController {
  constructor(
    private readonly tasks: Tasks,
    private readonly presence: Presence,
    private readonly streams: EventStreams,
    private readonly config: CardBulkConfig,
  ) {}

  @Get(':task_id/events')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'streamBulkStatus',
    summary: 'Server-sent events: the status with every change, until the operation has ended',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Id of the last event that was received; only what came after it is sent',
    schema: { type: 'string' },
  })
  @ApiResponse({
    status: 200,
    description: 'Events called `status`, whose data is what GET /bulk/status/{task_id} answers',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 204, description: 'It has ended, and the end has been received' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('gone'))
  async events(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: ownerQuerySchema }) query: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const owner = actingFor(caller, query.owner);
    const task = await this.tasks.get(owner, task_id);
    const seen = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : undefined;
    if (isFinished(task.status) && task.version === seen) {
      // The one answer that keeps an EventSource from coming back.
      await reply.code(HttpStatus.NO_CONTENT).send();
      return;
    }
    const leave = this.streams.enter(owner);
    reply.raw.once('close', leave);
    const events = taskStream(this.tasks, {
      owner,
      task,
      seen,
      heartbeatMs: this.config.eventStreamHeartbeatMs,
      signal: this.presence.of(reply),
    });
    // `no-transform` and the last one keep what stands in between from collecting events before it hands them on.
    reply.headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
    await reply.type('text/event-stream; charset=utf-8').send(Readable.from(events, { objectMode: false }));
  }
}
