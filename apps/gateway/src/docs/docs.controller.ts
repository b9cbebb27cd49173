import { Public } from '@hornbook/service-kit';
import { Controller, Get, Headers, HttpStatus, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { OpenApiFile } from './openapi-file.js';

const openApiSchema = z
  .looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) })
  .meta({ id: 'OpenApi' });

/** Whether `If-None-Match` names the entity we have (RFC 9110, 13.1.2). */
function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return (
    condition.trim() === '*' || condition.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
  );
}

/** The API document of the whole platform. */
@ApiTags('Documentation')
@Controller()
@Public()
export class DocsController {
  constructor(private readonly file: OpenApiFile) {}

  @Get('openapi.json')
  @ApiOperation({
    operationId: 'getOpenApi',
    summary: 'This document',
    description: 'OpenAPI 3.1 of every service behind the gateway.',
  })
  @ApiResponse({ status: 200, description: 'The document', standardSchema: openApiSchema })
  @ApiResponse({ status: 304, description: 'The caller has it already' })
  async openApi(
    @Headers('if-none-match') condition: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { etag, text } = await this.file.document();
    void reply.header('etag', etag).header('cache-control', 'no-cache');
    if (matches(condition, etag)) await reply.code(HttpStatus.NOT_MODIFIED).send();
    else await reply.type('application/json; charset=utf-8').send(text);
  }
}
