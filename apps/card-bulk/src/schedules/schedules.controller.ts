import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Patch,
  Post,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { readKey } from '../bulk/idempotency-key.js';
import { TaskErrors } from '../bulk/task-errors.interceptor.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import { scheduleEtag, scheduleView } from './schedule-view.js';
import {
  scheduleListQuerySchema,
  schedulePageSchema,
  schedulePatchSchema,
  schedulePathSchema,
  scheduleRequestSchema,
  scheduleSchema,
  type ScheduleListQuery,
  type SchedulePage,
  type SchedulePatch,
  type ScheduleRequest,
  type ScheduleView,
} from './schedules.schemas.js';
import { SchedulesService } from './schedules.service.js';

const etagHeader = { ETag: { description: 'Strong entity tag', schema: { type: 'string' } } } as const;
const ifMatchHeader = {
  name: 'If-Match',
  required: true,
  description: 'ETag of the copy at hand, or *',
  schema: { type: 'string' },
} as const;

/** Operations at set times. An unknown schedule and somebody else's get the same 404. */
@ApiTags('Bulk schedules')
@Controller('bulk/schedules')
@UseInterceptors(TaskErrors)
export class SchedulesController {
  constructor(private readonly schedules: SchedulesService) {}

  @Post()
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'createBulkSchedule',
    summary: 'Has an export or a delete by filter done at a time, or again and again',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string', maxLength: 255 } })
  @ApiResponse({ status: 201, description: 'Made', standardSchema: scheduleSchema, headers: etagHeader })
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('idempotency_key_reused'))
  async create(
    @Body({ schema: scheduleRequestSchema }) request: ScheduleRequest,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    const made = await this.schedules.create(actingFor(caller, owner), request, readKey(key));
    reply.header('location', `/bulk/schedules/${made.schedule.id}`);
    if (made.replayed) reply.header('idempotent-replayed', 'true');
    return shown(made.schedule, reply);
  }

  @Get()
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'listBulkSchedules', summary: 'Schedules, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: schedulePageSchema })
  list(
    @Query({ schema: scheduleListQuerySchema }) { owner, limit, cursor }: ScheduleListQuery,
    @Caller() caller: Identity,
  ): Promise<SchedulePage> {
    return this.schedules.list(actingFor(caller, owner), limit, cursor);
  }

  @Get(':schedule_id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'getBulkSchedule', summary: 'One schedule, its last run and its next' })
  @ApiResponse({ status: 200, description: 'It', standardSchema: scheduleSchema, headers: etagHeader })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: schedulePathSchema }) { schedule_id }: { schedule_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    return shown(await this.schedules.get(actingFor(caller, owner), schedule_id), reply);
  }

  @Patch(':schedule_id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'changeBulkSchedule', summary: 'Changes what is named of a schedule' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({
    status: 200,
    description: 'As it is now',
    standardSchema: scheduleSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async change(
    @Param({ schema: schedulePathSchema }) { schedule_id }: { schedule_id: string },
    @Body({ schema: schedulePatchSchema }) patch: SchedulePatch,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    return shown(await this.schedules.change(actingFor(caller, owner), schedule_id, patch, ifMatch), reply);
  }

  @Post(':schedule_id/pause')
  @HttpCode(HttpStatus.OK)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'pauseBulkSchedule', summary: 'Starts nothing until it is resumed' })
  @ApiResponse({
    status: 200,
    description: 'As it is now',
    standardSchema: scheduleSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  async pause(
    @Param({ schema: schedulePathSchema }) { schedule_id }: { schedule_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    return shown(await this.schedules.pause(actingFor(caller, owner), schedule_id, true), reply);
  }

  @Post(':schedule_id/resume')
  @HttpCode(HttpStatus.OK)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'resumeBulkSchedule',
    summary: 'Goes on with the next run; those that were missed are not made up for',
  })
  @ApiResponse({
    status: 200,
    description: 'As it is now',
    standardSchema: scheduleSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  async resume(
    @Param({ schema: schedulePathSchema }) { schedule_id }: { schedule_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    return shown(await this.schedules.pause(actingFor(caller, owner), schedule_id, false), reply);
  }

  @Delete(':schedule_id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'deleteBulkSchedule', summary: 'Removes a schedule; what it started goes on' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 204, description: 'Removed' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async delete(
    @Param({ schema: schedulePathSchema }) { schedule_id }: { schedule_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.schedules.delete(actingFor(caller, owner), schedule_id, ifMatch);
  }
}

function shown(schedule: Parameters<typeof scheduleView>[0], reply: FastifyReply): ScheduleView {
  reply.header('etag', scheduleEtag(schedule));
  return scheduleView(schedule);
}
