import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, isNamedBy, problemOf } from '@hornbook/service-kit';
import { isFinished } from '@hornbook/tasks';
import {
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import {
  statusQuerySchema,
  statusSchema,
  taskListQuerySchema,
  taskPageSchema,
  taskPathSchema,
  type StatusQuery,
  type StatusView,
  type TaskListQuery,
  type TaskPage,
} from './bulk.schemas.js';
import { ExportFiles } from '../files/export-files.js';
import { Presence } from './presence.js';
import { TaskErrors } from './task-errors.interceptor.js';
import { statusUrl, statusView, taskEtag, versionNamedBy, withExportData } from './task-view.js';
import { TasksService } from './tasks.service.js';

/** What became of bulk operations. An unknown task and somebody else's get the same 404. */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class TasksController {
  constructor(
    private readonly tasks: TasksService,
    private readonly presence: Presence,
    private readonly files: ExportFiles,
  ) {}

  @Get('status/:task_id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'getBulkStatus', summary: 'How far an operation is, and what it did' })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'ETag of the status at hand',
    schema: { type: 'string' },
  })
  @ApiResponse({
    status: 200,
    description: 'The status; a failed operation is still 200',
    standardSchema: statusSchema,
    headers: {
      ETag: { description: 'Strong entity tag', schema: { type: 'string' } },
      'Retry-After': { description: 'Seconds; of an unfinished operation', schema: { type: 'string' } },
    },
  })
  @ApiResponse({ status: 304, description: 'Nothing has changed' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('gone'))
  async status(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: statusQuerySchema }) { owner, wait }: StatusQuery,
    @Caller() caller: Identity,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const task = await this.tasks.status(actingFor(caller, owner), task_id, {
      seconds: wait,
      version: versionNamedBy(ifNoneMatch),
      signal: this.presence.of(reply),
    });
    const etag = taskEtag(task);
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (!isFinished(task.status)) reply.header('retry-after', '1');
    if (isNamedBy(ifNoneMatch, etag)) await reply.code(HttpStatus.NOT_MODIFIED).send();
    else {
      const view = withExportData(statusView(task), await this.files.inline(task));
      await reply.type('application/json; charset=utf-8').send(JSON.stringify(view));
    }
  }

  @Get('tasks')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'listBulkTasks', summary: 'Operations, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: taskPageSchema })
  list(
    @Query({ schema: taskListQuerySchema }) query: TaskListQuery,
    @Caller() caller: Identity,
  ): Promise<TaskPage> {
    return this.tasks.list(actingFor(caller, query.owner), query);
  }

  @Delete('tasks/:task_id')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'cancelBulkTask', summary: 'Stops an operation; what it has done stays done' })
  @ApiResponse({ status: 202, description: 'It stops, or has stopped', standardSchema: statusSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('gone'))
  @ApiResponse(problemOf('conflict'))
  async cancel(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusView> {
    const task = await this.tasks.cancel(actingFor(caller, owner), task_id);
    reply.headers({ location: statusUrl(task.id), etag: taskEtag(task) });
    return statusView(task);
  }

  @Post('tasks/:task_id/resume')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'resumeBulkTask',
    summary: 'Lets an operation that failed or was cancelled go on where it stood',
  })
  @ApiResponse({ status: 202, description: 'It waits for a worker again', standardSchema: statusSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('gone'))
  @ApiResponse(problemOf('conflict'))
  async resume(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatusView> {
    const task = await this.tasks.resume(actingFor(caller, owner), task_id);
    reply.headers({ location: statusUrl(task.id), 'retry-after': '1', etag: taskEtag(task) });
    return statusView(task);
  }
}
