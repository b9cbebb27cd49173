import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Get,
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
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import { acceptedHeaders, answerAccepted, idempotencyHeader } from './accepted.js';
import { acceptedSchema, healthSchema, type Accepted, type HealthView } from './bulk.schemas.js';
import { BulkService } from './bulk.service.js';
import { readKey } from './idempotency-key.js';
import { importRequestSchema, type ImportRequest } from './import/import.schemas.js';
import { TaskErrors } from './task-errors.interceptor.js';

/** Version of the bulk API that its health names. */
const API_VERSION = '1.0.0';

/** Bulk operations (seed 002). */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class BulkController {
  constructor(private readonly bulk: BulkService) {}

  @Post('import')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'bulkImportCards',
    summary: 'Imports up to 10,000 cards and publishes those that may be',
  })
  @ApiHeader(idempotencyHeader)
  @ApiResponse({
    status: 202,
    description: 'Taken on',
    standardSchema: acceptedSchema,
    headers: acceptedHeaders,
  })
  @ApiResponse(problemOf('idempotency_key_reused'))
  async import(
    @Body({ schema: importRequestSchema }) request: ImportRequest,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted> {
    const by = { owner: actingFor(caller, owner), idempotencyKey: readKey(key) };
    return answerAccepted(await this.bulk.import(request, by), reply);
  }

  @Get('health')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'getBulkHealth', summary: 'Whether anybody works on bulk operations' })
  @ApiResponse({ status: 200, description: 'Health', standardSchema: healthSchema })
  health(): Promise<HealthView> {
    return this.bulk.health(API_VERSION);
  }
}
