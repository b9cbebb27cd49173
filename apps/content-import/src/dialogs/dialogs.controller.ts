import { Allow, isNamedBy, problemOf } from '@hornbook/service-kit';
import { Controller, Get, Headers, HttpStatus, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  dialogDetailSchema,
  dialogListQuerySchema,
  dialogPageSchema,
  dialogPathSchema,
  type DialogListQuery,
  type DialogPage,
} from './dialogs.schemas.js';
import { DialogsService } from './dialogs.service.js';
import { etagOf } from './etag.js';

/** What was imported, to be taught. */
@ApiTags('Dialogs')
@Controller('api/v1/dialogs')
@Allow({ roles: ['admin', 'curator', 'reviewer', 'service'], scope: 'content:read' })
export class DialogsController {
  constructor(private readonly dialogs: DialogsService) {}

  @Get()
  @ApiOperation({ operationId: 'listDialogs', summary: 'Dialogues, newest first, by filter and by words' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: dialogPageSchema })
  list(@Query({ schema: dialogListQuerySchema }) query: DialogListQuery): Promise<DialogPage> {
    return this.dialogs.list(query);
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getDialog', summary: 'One dialogue with its phrases' })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'ETag of the copy at hand',
    schema: { type: 'string' },
  })
  @ApiResponse({
    status: 200,
    description: 'The dialogue',
    standardSchema: dialogDetailSchema,
    headers: { ETag: { description: 'Strong entity tag', schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 304, description: 'The copy at hand is current' })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: dialogPathSchema }) { id }: { id: number },
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const body = JSON.stringify(await this.dialogs.get(id));
    const etag = etagOf(body);
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (isNamedBy(ifNoneMatch, etag)) await reply.code(HttpStatus.NOT_MODIFIED).send();
    else await reply.type('application/json; charset=utf-8').send(body);
  }
}
