import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { readers, writers } from '../visibility.js';
import {
  bulkRetryAnswerSchema,
  bulkRetrySchema,
  failureDetailSchema,
  failureIdSchema,
  failurePageSchema,
  failureQuerySchema,
  resolutionSchema,
  type BulkRetry,
  type BulkRetryAnswer,
  type FailureDetail,
  type FailurePage,
  type FailureQuery,
  type Resolution,
} from './failures.schemas.js';
import { FailuresService } from './failures.service.js';

/** What could not be exported (seed 000, section 7.3). */
@ApiTags('exports')
@Controller('api/v1/exports/failures')
export class FailuresController {
  constructor(private readonly service: FailuresService) {}

  @Get()
  @Allow(readers)
  @ApiOperation({ operationId: 'listExportFailures', summary: 'List export failures, newest first' })
  @ApiOkResponse({ description: 'One page', standardSchema: failurePageSchema })
  list(
    @Query({ schema: failureQuerySchema }) query: FailureQuery,
    @Caller() caller: Identity,
  ): Promise<FailurePage> {
    return this.service.list(query, caller);
  }

  @Get(':id')
  @Allow(readers)
  @ApiOperation({ operationId: 'getExportFailure', summary: 'Show an export failure with what was sent' })
  @ApiOkResponse({ description: 'The failure', standardSchema: failureDetailSchema })
  @ApiResponse(problemOf('not_found'))
  find(
    @Param('id', { schema: failureIdSchema }) id: number,
    @Caller() caller: Identity,
  ): Promise<FailureDetail> {
    return this.service.find(id, caller);
  }

  @Post('retry')
  @HttpCode(200)
  @Allow(writers)
  @ApiOperation({
    operationId: 'retryExportFailures',
    summary: 'Retry many export failures, by error type or ids',
  })
  @ApiOkResponse({ description: 'How many are on their way again', standardSchema: bulkRetryAnswerSchema })
  retryMany(
    @Body({ schema: bulkRetrySchema }) filter: BulkRetry,
    @Caller() caller: Identity,
  ): Promise<BulkRetryAnswer> {
    return this.service.retryMany(filter, caller);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @Allow(writers)
  @ApiOperation({
    operationId: 'retryExportFailure',
    summary: 'Retry an export failure',
    description:
      'A whole batch is sent again with the same id and bytes; refused dialogues go into a new batch; a dialogue whose review left it broken goes back to review.',
  })
  @ApiOkResponse({ description: 'The failure, closed as retried', standardSchema: failureDetailSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  retry(
    @Param('id', { schema: failureIdSchema }) id: number,
    @Caller() caller: Identity,
  ): Promise<FailureDetail> {
    return this.service.retry(id, caller);
  }

  @Post(':id/resolve')
  @HttpCode(200)
  @Allow(writers)
  @ApiOperation({ operationId: 'resolveExportFailure', summary: 'Close an export failure for good' })
  @ApiOkResponse({ description: 'The failure, closed as resolved', standardSchema: failureDetailSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  resolve(
    @Param('id', { schema: failureIdSchema }) id: number,
    @Body({ schema: resolutionSchema }) resolution: Resolution,
    @Caller() caller: Identity,
  ): Promise<FailureDetail> {
    return this.service.resolve(id, resolution, caller);
  }
}
