import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Headers,
  HttpCode,
  HttpStatus,
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
import { acceptedSchema, type Accepted } from '../bulk.schemas.js';
import { readKey } from '../idempotency-key.js';
import { TaskErrors } from '../task-errors.interceptor.js';
import {
  deleteRequestSchema,
  restoreRequestSchema,
  type DeleteRequest,
  type RestoreRequest,
} from './delete.schemas.js';
import { DeleteService } from './delete.service.js';

const taken = {
  status: 202,
  description: 'Taken on',
  standardSchema: acceptedSchema,
  headers: acceptedHeaders,
} as const;

/** Bulk delete (seed 002), and its way back. */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class DeleteController {
  constructor(private readonly deletes: DeleteService) {}

  @Post('delete')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'bulkDeleteCards',
    summary: 'Deletes up to 10,000 cards by id, or all that a filter matches; tokens once earned stay',
  })
  @ApiHeader(idempotencyHeader)
  @ApiResponse(taken)
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('idempotency_key_reused'))
  async delete(
    @Body({ schema: deleteRequestSchema }) request: DeleteRequest,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted> {
    const by = { owner: actingFor(caller, owner), idempotencyKey: readKey(key) };
    return answerAccepted(await this.deletes.delete(request, by), reply);
  }

  @Post('restore')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'bulkRestoreCards',
    summary: 'Takes the soft delete of up to 10,000 cards back',
  })
  @ApiHeader(idempotencyHeader)
  @ApiResponse(taken)
  @ApiResponse(problemOf('idempotency_key_reused'))
  async restore(
    @Body({ schema: restoreRequestSchema }) request: RestoreRequest,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted> {
    const by = { owner: actingFor(caller, owner), idempotencyKey: readKey(key) };
    return answerAccepted(await this.deletes.restore(request, by), reply);
  }
}
