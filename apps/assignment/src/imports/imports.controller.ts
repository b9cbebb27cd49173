import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf, ValidationError } from '@hornbook/service-kit';
import { Body, Controller, Headers, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { readIdempotencyKey } from '../idempotency/idempotency.js';
import {
  importAnswerSchema,
  importItemSchema,
  importQuerySchema,
  MAX_IMPORT,
  type ImportAnswer,
  type ImportQuery,
} from './imports.schemas.js';
import { ImportsService } from './imports.service.js';

const importBodySchema = z
  .array(importItemSchema)
  .min(1)
  .max(MAX_IMPORT)
  .meta({ id: 'GroundTruthImportItems' });

/** `POST /v1/ground-truths` (seed 003). */
@ApiTags('Ground truths')
@Controller('v1/ground-truths')
export class ImportsController {
  constructor(private readonly imports: ImportsService) {}

  @Post()
  @HttpCode(200)
  @Allow({ roles: ['admin', 'curator', 'service'], scope: 'ground-truths:write' })
  @ApiOperation({
    operationId: 'importGroundTruths',
    summary: 'Imports ground truths: an array of JSON, or a stream of NDJSON',
    description:
      'Answers 200 and says of each item that could not be stored why. Existing items are left alone unless onConflict=update.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'The same key with the same request gets the first answer again',
    schema: { type: 'string' },
  })
  @ApiBody({ standardSchema: importBodySchema } as never)
  @ApiResponse({ status: 200, description: 'What became of each item', standardSchema: importAnswerSchema })
  @ApiResponse(problemOf('idempotency_key_reused'))
  import(
    @Body() body: unknown,
    @Query({ schema: importQuerySchema }) query: ImportQuery,
    @Headers('idempotency-key') header: string | undefined,
    @Caller() caller: Identity,
  ): Promise<ImportAnswer> {
    const key = readIdempotencyKey(header);
    if (body instanceof Readable) return this.imports.importStream(body, query, caller, key);
    if (Array.isArray(body)) return this.imports.importArray(body, query, caller, key);
    throw new ValidationError([
      {
        field: 'body',
        error: 'Expected an array of items, or a stream of application/x-ndjson',
        code: 'invalid_type',
      },
    ]);
  }
}
