import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { managers } from '../assignments/caller.js';
import { readIdempotencyKey } from '../idempotency/idempotency.js';
import { RETRY_AFTER_SECONDS } from './snapshots.errors.js';
import {
  snapshotDiffQuerySchema,
  snapshotDiffSchema,
  snapshotItemsQuerySchema,
  snapshotListQuerySchema,
  snapshotPageSchema,
  snapshotPathSchema,
  snapshotRequestSchema,
  snapshotSchema,
  type SnapshotDiff,
  type SnapshotDiffQuery,
  type SnapshotFormat,
  type SnapshotListQuery,
  type SnapshotPage,
  type SnapshotRequest,
  type SnapshotView,
} from './snapshots.schemas.js';
import { SnapshotsService } from './snapshots.service.js';

const PATH = 'v1/ground-truths/snapshots';
const readers = { roles: ['admin', 'curator', 'service'] as const, scope: 'ground-truths:read' };

/** Immutable copies of what is approved. */
@ApiTags('Snapshots')
@Controller(PATH)
export class SnapshotsController {
  constructor(private readonly snapshots: SnapshotsService) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow(managers)
  @ApiOperation({
    operationId: 'createSnapshot',
    summary: 'Has a snapshot of approved items built',
    description:
      'It holds what is approved at one moment and never changes. The same request with the same Idempotency-Key makes no second one.',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string', maxLength: 200 } })
  @ApiResponse({
    status: 202,
    description: 'It is being built; Location says where to ask',
    standardSchema: snapshotSchema,
  })
  @ApiResponse(problemOf('idempotency_key_reused'))
  async create(
    @Body({ schema: snapshotRequestSchema }) request: SnapshotRequest,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SnapshotView> {
    const snapshot = await this.snapshots.create(request, caller, readIdempotencyKey(key));
    reply.headers({ location: `/${PATH}/${snapshot.id}`, 'retry-after': String(RETRY_AFTER_SECONDS) });
    return snapshot;
  }

  @Get()
  @Allow(readers)
  @ApiOperation({ operationId: 'listSnapshots', summary: 'Snapshots, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: snapshotPageSchema })
  list(@Query({ schema: snapshotListQuerySchema }) query: SnapshotListQuery): Promise<SnapshotPage> {
    return this.snapshots.list(query);
  }

  @Get(':id')
  @Allow(readers)
  @ApiOperation({ operationId: 'getSnapshot', summary: 'A snapshot without its items' })
  @ApiResponse({ status: 200, description: 'The snapshot', standardSchema: snapshotSchema })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: snapshotPathSchema }) { id }: { id: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SnapshotView> {
    const snapshot = await this.snapshots.get(id);
    if (snapshot.status === 'building') reply.header('retry-after', String(RETRY_AFTER_SECONDS));
    return snapshot;
  }

  @Get(':id/items')
  @Allow(readers)
  @ApiOperation({
    operationId: 'getSnapshotItems',
    summary: 'The items of a snapshot, as one JSON document or as NDJSON',
    description: 'The NDJSON form has the SHA-256 that the snapshot states: `curl … | sha256sum` proves it.',
  })
  @ApiResponse({
    status: 200,
    description: 'The items, streamed',
    content: {
      'application/json': {
        schema: {
          allOf: [{ $ref: '#/components/schemas/Snapshot' }],
          type: 'object',
          required: ['items'],
          properties: { items: { type: 'array', items: { type: 'object' } } },
        },
      },
      'application/x-ndjson': { schema: { type: 'string' } },
    },
  })
  @ApiResponse({ status: 304, description: 'The copy at hand is current' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  async items(
    @Param({ schema: snapshotPathSchema }) { id }: { id: string },
    @Query({ schema: snapshotItemsQuerySchema }) { format }: { format: SnapshotFormat },
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const snapshot = await this.snapshots.getReady(id);
    const etag = `"${snapshot.hash}.${format}"`;
    reply.headers({ etag, 'cache-control': 'private, max-age=31536000, immutable' });
    if (ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) {
      await reply.code(HttpStatus.NOT_MODIFIED).send();
      return;
    }
    reply.header('content-disposition', `attachment; filename="snapshot-${snapshot.id}.${format}"`);
    if (format === 'ndjson') {
      const digest = Buffer.from(snapshot.hash, 'hex').toString('base64');
      // RFC 9530.
      reply.headers({ 'repr-digest': `sha-256=:${digest}:`, 'content-type': 'application/x-ndjson' });
    } else reply.header('content-type', 'application/json; charset=utf-8');
    await reply.send(this.snapshots.stream(snapshot, format));
  }

  @Get(':id/diff')
  @Allow(readers)
  @ApiOperation({
    operationId: 'diffSnapshots',
    summary: 'What a later snapshot holds otherwise: added, removed, changed',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: snapshotDiffSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  diff(
    @Param({ schema: snapshotPathSchema }) { id }: { id: string },
    @Query({ schema: snapshotDiffQuerySchema }) query: SnapshotDiffQuery,
  ): Promise<SnapshotDiff> {
    return this.snapshots.diff(id, query);
  }
}
