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
import { acceptedSchema, type Accepted } from '../bulk.schemas.js';
import { acceptedHeaders, answerAccepted, idempotencyHeader } from '../accepted.js';
import { readKey } from '../idempotency-key.js';
import { TaskErrors } from '../task-errors.interceptor.js';
import { exportRequestSchema, type ExportRequest } from './export.schemas.js';
import { ExportService } from './export.service.js';

/** Bulk export (seed 002). */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class ExportController {
  constructor(private readonly exports: ExportService) {}

  @Post('export')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'bulkExportCards',
    summary: 'Writes cards, as they are at one moment, to a file of JSON, NDJSON, CSV or Markdown',
  })
  @ApiHeader(idempotencyHeader)
  @ApiResponse({
    status: 202,
    description: 'Taken on',
    standardSchema: acceptedSchema,
    headers: acceptedHeaders,
  })
  @ApiResponse(problemOf('idempotency_key_reused'))
  async export(
    @Body({ schema: exportRequestSchema }) request: ExportRequest,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted> {
    const by = { owner: actingFor(caller, owner), idempotencyKey: readKey(key) };
    return answerAccepted(await this.exports.export(request, by), reply);
  }
}
