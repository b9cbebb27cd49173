import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Controller, Get, Headers, Param, Query, Res, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { actingFor, CARD_ROLES } from '../../access/acting-for.js';
import {
  errorListQuerySchema,
  rowErrorPageSchema,
  taskPathSchema,
  type ErrorListQuery,
} from '../bulk.schemas.js';
import { TaskErrors } from '../task-errors.interceptor.js';
import { TasksService } from '../tasks.service.js';
import { RowErrorsService } from './row-errors.service.js';

// Written out, as the same status has other media types beside it.
const { $schema: _, ...pageSchema } = z.toJSONSchema(rowErrorPageSchema, { io: 'output' });

const types = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' } as const;

/** The format that `Accept` asks for; JSON unless it names one of the files first. */
function accepted(accept: string | undefined): 'json' | 'csv' | 'ndjson' {
  const type = accept?.split(/[,;]/)[0]?.trim().toLowerCase();
  if (type === 'text/csv') return 'csv';
  return type === 'application/x-ndjson' || type === 'application/ndjson' ? 'ndjson' : 'json';
}

/** Rows that failed. */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class RowErrorsController {
  constructor(
    private readonly tasks: TasksService,
    private readonly reports: RowErrorsService,
  ) {}

  @Get('tasks/:task_id/errors')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'listBulkRowErrors',
    summary: 'Rows that failed and why: page by page, or all of them as a file to be mended and sent again',
  })
  @ApiResponse({
    status: 200,
    description: 'One page of JSON, or the whole as CSV or NDJSON',
    content: {
      'application/json': { schema: pageSchema as object },
      'text/csv': { schema: { type: 'string' } },
      'application/x-ndjson': { schema: { type: 'string' } },
    },
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('gone'))
  async list(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: errorListQuerySchema }) { owner: named, format, ...page }: ErrorListQuery,
    @Caller() caller: Identity,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const owner = actingFor(caller, named);
    const wanted = format ?? accepted(accept);
    reply.headers({ 'cache-control': 'private, no-cache', vary: 'accept' });
    if (wanted === 'json') {
      const found = await this.tasks.errors(owner, task_id, page);
      await reply.type('application/json; charset=utf-8').send(JSON.stringify(found));
      return;
    }
    const report = await this.reports.report(owner, task_id, wanted);
    reply.header('content-disposition', `attachment; filename="errors-${task_id.toLowerCase()}.${wanted}"`);
    await reply.header('content-type', types[wanted]).send(report);
  }
}
