import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Controller,
  Headers,
  HttpCode,
  HttpStatus,
  Post,
  Query,
  Req,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actingFor, CARD_ROLES } from '../../access/acting-for.js';
import { acceptedHeaders, answerAccepted, idempotencyHeader } from '../accepted.js';
import { acceptedSchema, type Accepted } from '../bulk.schemas.js';
import { readKey } from '../idempotency-key.js';
import { TaskErrors } from '../task-errors.interceptor.js';
import { importStreamQuerySchema, uploadTypes, type ImportStreamQuery } from './import-stream.schemas.js';
import { ImportStreamService } from './import-stream.service.js';

/** Bulk import of files. */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class ImportStreamController {
  constructor(private readonly imports: ImportStreamService) {}

  @Post('import/stream')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'bulkImportCardFile',
    summary: 'Imports a file of NDJSON or CSV with up to 1,000,000 cards; it may be packed with gzip or zstd',
  })
  @ApiConsumes(...uploadTypes.keys())
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiHeader(idempotencyHeader)
  @ApiHeader({
    name: 'Content-Encoding',
    required: false,
    description: 'gzip or zstd; without it the first bytes of the file decide',
    schema: { type: 'string' },
  })
  @ApiResponse({
    status: 202,
    description: 'The whole file is here and will be imported',
    standardSchema: acceptedSchema,
    headers: acceptedHeaders,
  })
  @ApiResponse(problemOf('idempotency_key_reused'))
  async import(
    @Query({ schema: importStreamQuerySchema }) query: ImportStreamQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Accepted> {
    const by = { owner: actingFor(caller, query.owner), idempotencyKey: readKey(key) };
    // Read as it comes: nothing else has touched the body.
    const upload = { bytes: request.raw as AsyncIterable<Buffer>, headers: request.headers };
    return answerAccepted(await this.imports.import(upload, query, by), reply);
  }
}
