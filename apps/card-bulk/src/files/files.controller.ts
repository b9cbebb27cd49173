import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, isNamedBy, problemOf, Public } from '@hornbook/service-kit';
import {
  Controller,
  Get,
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
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { taskPathSchema } from '../bulk/bulk.schemas.js';
import type { StoredExport } from '../bulk/export/export.kind.js';
import { TaskErrors } from '../bulk/task-errors.interceptor.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import { readRange } from './byte-range.js';
import { DownloadLinks, type DownloadLink } from './download-links.js';
import { ExportFiles } from './export-files.js';
import { DeadLinkError, RangeOutsideError } from './files.errors.js';
import { linkQuerySchema, linkSchema, type LinkQuery } from './files.schemas.js';

const text = { schema: { type: 'string' } } as const;
const binary = { schema: { type: 'string', format: 'binary' } } as const;

/** The media types that exports have. */
const content = {
  'application/json': { schema: {} },
  'application/x-ndjson': text,
  'text/csv': text,
  'text/markdown': text,
  'application/gzip': binary,
} as const;

const fileHeaders = {
  ETag: { description: 'Strong entity tag: the SHA-256 of the file', ...text },
  'Repr-Digest': { description: 'SHA-256 of the whole file (RFC 9530)', ...text },
  'Accept-Ranges': { description: 'bytes', ...text },
  'Content-Disposition': { description: 'Name of the file', ...text },
} as const;

const rangeHeaders = [
  { name: 'Range', required: false, description: 'One range: bytes=1000-', ...text },
  { name: 'If-Range', required: false, description: 'ETag that the range is of; else the whole', ...text },
  { name: 'If-None-Match', required: false, description: 'ETag of the copy at hand', ...text },
] as const;

/** Files of exports. */
@ApiTags('Bulk operations')
@Controller('bulk')
@UseInterceptors(TaskErrors)
export class FilesController {
  constructor(
    private readonly files: ExportFiles,
    private readonly links: DownloadLinks,
  ) {}

  @Get('tasks/:task_id/file')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'getBulkFile', summary: 'The file of an export, whole or a range of it' })
  @ApiHeader(rangeHeaders[0])
  @ApiHeader(rangeHeaders[1])
  @ApiHeader(rangeHeaders[2])
  @ApiResponse({ status: 200, description: 'The file', content, headers: fileHeaders })
  @ApiResponse({ status: 206, description: 'The range', content, headers: fileHeaders })
  @ApiResponse({ status: 304, description: 'The copy at hand is the file' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('gone'))
  @ApiResponse(problemOf('range_not_satisfiable'))
  async file(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers() headers: IncomingHttpHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.files.find(actingFor(caller, owner), task_id);
    await this.send(file, headers, reply);
  }

  @Post('tasks/:task_id/link')
  @HttpCode(HttpStatus.CREATED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'createBulkFileLink',
    summary: 'A link to the file of an export that works without credentials until it expires',
  })
  @ApiResponse({ status: 201, description: 'The link', standardSchema: linkSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('gone'))
  async link(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DownloadLink> {
    await this.files.find(actingFor(caller, owner), task_id);
    const link = this.links.make(task_id.toLowerCase());
    reply.headers({ location: link.download_url, 'cache-control': 'no-store' });
    return link;
  }

  @Get('downloads/:task_id')
  @Public()
  @ApiOperation({
    operationId: 'followBulkFileLink',
    summary: 'The file of an export by a link; no other credentials are needed',
    security: [],
  })
  @ApiHeader(rangeHeaders[0])
  @ApiHeader(rangeHeaders[1])
  @ApiHeader(rangeHeaders[2])
  @ApiResponse({ status: 200, description: 'The file', content, headers: fileHeaders })
  @ApiResponse({ status: 206, description: 'The range', content, headers: fileHeaders })
  @ApiResponse({ status: 304, description: 'The copy at hand is the file' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('gone'))
  @ApiResponse(problemOf('range_not_satisfiable'))
  async download(
    @Param({ schema: taskPathSchema }) { task_id }: { task_id: string },
    @Query({ schema: linkQuerySchema }) { token }: LinkQuery,
    @Headers() headers: IncomingHttpHeaders,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!this.links.opens(task_id, token)) throw new DeadLinkError();
    await this.send(await this.files.find(null, task_id), headers, reply);
  }

  private async send(
    file: StoredExport,
    { range: rangeHeader, 'if-range': ifRange, 'if-none-match': ifNoneMatch }: IncomingHttpHeaders,
    reply: FastifyReply,
  ): Promise<void> {
    const { size, sha256, content_type, file_name } = file;
    const etag = `"${sha256}"`;
    reply.headers({ etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' });
    if (isNamedBy(ifNoneMatch, etag)) {
      await reply.code(HttpStatus.NOT_MODIFIED).send();
      return;
    }
    // A range of what the caller no longer has the rest of would be no part of its copy.
    const isOfThis = ifRange === undefined || String(ifRange).trim() === etag;
    const range = isOfThis ? readRange(rangeHeader, size) : undefined;
    if (range === 'unsatisfiable') throw new RangeOutsideError(rangeHeader ?? '', size);
    const stream = await this.files.read(file, range);
    reply.headers({
      'content-type': content_type,
      'content-length': String(range ? range.end - range.start + 1 : size),
      'content-disposition': `attachment; filename="${file_name}"`,
      'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
    });
    if (range) {
      reply.code(HttpStatus.PARTIAL_CONTENT);
      reply.header('content-range', `bytes ${range.start}-${range.end}/${size}`);
    }
    await reply.send(stream);
  }
}
