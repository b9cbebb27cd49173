import { batchIdPattern, type Identity } from '@hornbook/contracts';
import { Allow, Caller, NotFoundError, problemOf } from '@hornbook/service-kit';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { pageBy, readCursor } from '../keyset.js';
import { readers, visibleOwner } from '../visibility.js';
import { BatchesRepository } from './batches.repository.js';
import {
  batchDetailSchema,
  batchPageSchema,
  batchQuerySchema,
  type BatchDetail,
  type BatchPage,
  type BatchQuery,
} from './batches.schemas.js';

const isBatchId = (key: unknown): key is string => typeof key === 'string' && batchIdPattern.test(key);

/** Batches as they were and will be sent. */
@ApiTags('exports')
@Controller('api/v1/exports/batches')
@Allow(readers)
export class BatchesController {
  constructor(private readonly batches: BatchesRepository) {}

  @Get()
  @ApiOperation({ operationId: 'listExportBatches', summary: 'List export batches, newest first' })
  @ApiOkResponse({ description: 'One page', standardSchema: batchPageSchema })
  async list(
    @Query({ schema: batchQuerySchema }) query: BatchQuery,
    @Caller() caller: Identity,
  ): Promise<BatchPage> {
    const rows = await this.batches.list(visibleOwner(caller), query, readCursor(query.cursor, isBatchId));
    return pageBy(rows, query.limit, ({ batch_id }) => batch_id);
  }

  @Get(':batch_id')
  @ApiOperation({
    operationId: 'getExportBatch',
    summary: 'Show an export batch with its dialogues and history',
  })
  @ApiOkResponse({ description: 'The batch', standardSchema: batchDetailSchema })
  @ApiResponse(problemOf('not_found'))
  async find(
    @Param('batch_id', { schema: z.string().max(100) }) batchId: string,
    @Caller() caller: Identity,
  ): Promise<BatchDetail> {
    const batch = await this.batches.find(batchId, visibleOwner(caller));
    if (!batch) throw new NotFoundError(`Batch ${batchId}`);
    return batch;
  }
}
