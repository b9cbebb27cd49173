import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Controller,
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
import { actingFor, CARD_ROLES } from '../../access/acting-for.js';
import { ownerQuerySchema, type OwnerQuery } from '../../cards/cards.schemas.js';
import { acceptedHeaders, answerAccepted, idempotencyHeader } from '../accepted.js';
import { acceptedSchema, taskPathSchema, type Accepted } from '../bulk.schemas.js';
import { readKey } from '../idempotency-key.js';
import { TaskErrors } from '../task-errors.interceptor.js';
import { RetryService } from './retry.service.js';

/** Failed rows, once more. */
@ApiTags('Bulk operations')
@Controller('bulk/tasks')
@UseInterceptors(TaskErrors)
export class RetryController {
  constructor(private readonly retries: RetryService) {}

  @Post(':task_id/retry-failed')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'retryFailedBulkRows',
    summary: 'Does the failed rows of an operation again, and only those, as a new operation',
  })
  @ApiHeader(idempotencyHeader)
  @ApiResponse({
    status: 202,
    description: 'Taken on',
    standardSchema: acceptedSchema,
    headers: acceptedHeaders,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('gone'))
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('idempotency_key_reused'))
  async retry(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted> {
    return answerAccepted(await this.retries.retry(actingFor(caller, owner), task_id, readKey(key)), reply);
  }
}
