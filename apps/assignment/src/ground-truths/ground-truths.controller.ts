import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { addressOf, shown } from '../assignments/assignments.controller.js';
import {
  fullItemSchema,
  itemPathSchema,
  type FullItem,
  type ItemPath,
} from '../assignments/assignments.schemas.js';
import { curatorReaders, managers } from '../assignments/caller.js';
import {
  curationSchema,
  deletionSchema,
  historyPageSchema,
  historyQuerySchema,
  itemPageSchema,
  listQuerySchema,
  restoreSchema,
  type HistoryPage,
  type HistoryQuery,
  type ItemPage,
  type ListQuery,
} from './ground-truths.schemas.js';
import { GroundTruthsService } from './ground-truths.service.js';

const ITEM = ':dataset/:bucket/:item_id';
const ifMatch = {
  name: 'If-Match',
  required: true,
  description: 'The etag of the item as it was read, or * for whatever there is',
  schema: { type: 'string' },
};

/** What curators call. */
@ApiTags('Ground truths')
@Controller('v1/ground-truths')
export class GroundTruthsController {
  constructor(private readonly items: GroundTruthsService) {}

  @Get()
  @Allow(curatorReaders)
  @ApiOperation({
    operationId: 'listGroundTruths',
    summary: 'Ground truths, newest first, by filter and by words',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: itemPageSchema })
  list(@Query({ schema: listQuerySchema }) query: ListQuery): Promise<ItemPage> {
    return this.items.list(query);
  }

  @Get(ITEM)
  @Allow(curatorReaders)
  @ApiOperation({ operationId: 'getGroundTruth', summary: 'One ground truth' })
  @ApiResponse({ status: 200, description: 'The item', standardSchema: fullItemSchema })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.items.get(addressOf(path)), reply);
  }

  @Get(`${ITEM}/history`)
  @Allow(curatorReaders)
  @ApiOperation({ operationId: 'listGroundTruthHistory', summary: 'Who changed what and when, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: historyPageSchema })
  @ApiResponse(problemOf('not_found'))
  history(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Query({ schema: historyQuerySchema }) query: HistoryQuery,
  ): Promise<HistoryPage> {
    return this.items.history(addressOf(path), query);
  }

  @Put(ITEM)
  @Allow(managers)
  @ApiOperation({
    operationId: 'curateGroundTruth',
    summary: 'Changes content, status, priority or due date, whoever holds the item; reopens what is closed',
  })
  @ApiHeader(ifMatch)
  @ApiBody({ standardSchema: curationSchema } as never)
  @ApiResponse({ status: 200, description: 'The item now', standardSchema: fullItemSchema })
  @ApiResponse(problemOf('validation_error', 'INVALID_APPROVAL'))
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('INVALID_TRANSITION'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async put(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Body() body: unknown,
    @Headers('if-match') header: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.items.put(addressOf(path), body, header, caller), reply);
  }

  @Delete(ITEM)
  @Allow(managers)
  @ApiOperation({ operationId: 'deleteGroundTruth', summary: 'Deletes an item; it can be reopened' })
  @ApiHeader(ifMatch)
  @ApiResponse({ status: 200, description: 'The item now', standardSchema: fullItemSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async delete(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Query({ schema: deletionSchema }) { reason }: { reason?: string | undefined },
    @Headers('if-match') header: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.items.delete(addressOf(path), reason ?? null, header, caller), reply);
  }

  @Post(`${ITEM}/restore`)
  @HttpCode(200)
  @Allow(managers)
  @ApiOperation({
    operationId: 'restoreGroundTruth',
    summary: 'Makes an item a draft with the content of an earlier version',
  })
  @ApiHeader(ifMatch)
  @ApiResponse({ status: 200, description: 'The item now', standardSchema: fullItemSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async restore(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Body({ schema: restoreSchema }) { version }: { version: number },
    @Headers('if-match') header: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.items.restore(addressOf(path), version, header, caller), reply);
  }
}
