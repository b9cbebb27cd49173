import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { readIdempotencyKey } from '../idempotency/idempotency.js';
import {
  bulkAnswerSchema,
  bulkSchema,
  transferAnswerSchema,
  transferSchema,
  type BulkAnswer,
  type BulkRequest,
  type TransferAnswer,
  type TransferRequest,
} from './bulk.schemas.js';
import { BulkService } from './bulk.service.js';
import { managers, reviewers } from './caller.js';

/** Changes of many items at once. */
@ApiTags('Assignments')
@Controller('v1/assignments')
export class BulkController {
  constructor(private readonly bulk: BulkService) {}

  @Post('bulk')
  @HttpCode(200)
  @Allow(reviewers)
  @ApiOperation({
    operationId: 'changeItems',
    summary: 'The same change to up to 500 items, with a result for each',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string' } })
  @ApiResponse({ status: 200, description: 'What became of each item', standardSchema: bulkAnswerSchema })
  @ApiResponse(problemOf('idempotency_key_reused'))
  change(
    @Body({ schema: bulkSchema }) request: BulkRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Caller() caller: Identity,
  ): Promise<BulkAnswer> {
    return this.bulk.change(request, caller, readIdempotencyKey(key));
  }

  @Post('transfer')
  @HttpCode(200)
  @Allow(managers)
  @ApiOperation({
    operationId: 'transferItems',
    summary: 'Gives all items of a user to another, or back to the pool',
  })
  @ApiResponse({ status: 200, description: 'How many', standardSchema: transferAnswerSchema })
  transfer(
    @Body({ schema: transferSchema }) request: TransferRequest,
    @Caller() caller: Identity,
  ): Promise<TransferAnswer> {
    return this.bulk.transfer(request, caller);
  }
}
