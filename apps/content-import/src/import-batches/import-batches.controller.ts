import {
  bulkImportRequestSchema,
  bulkImportResponseSchema,
  type BulkImportRequest,
  type BulkImportResponse,
} from '@hornbook/contracts';
import { Allow, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Get, Headers, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BulkImportService } from './bulk-import.service.js';
import { BatchIdMismatchError } from './import-batches.errors.js';
import {
  batchPathSchema,
  bulkImportQuerySchema,
  dryRunResponseSchema,
  importBatchDetailSchema,
  importBatchListQuerySchema,
  importBatchPageSchema,
  type DryRunResponse,
  type ImportBatchDetail,
  type ImportBatchListQuery,
  type ImportBatchPage,
} from './import-batches.schemas.js';
import { ImportBatchesService } from './import-batches.service.js';

const PATH = 'api/v1/admin/bulk-import';

/** The bulk import of seed 000, section 3, and what became of batches. */
@ApiTags('Bulk import')
@Controller(PATH)
export class ImportBatchesController {
  constructor(
    private readonly imports: BulkImportService,
    private readonly batches: ImportBatchesService,
  ) {}

  @Post()
  @Allow({ roles: ['admin'], scope: 'imports:write' })
  @ApiOperation({
    operationId: 'bulkImport',
    summary: 'Imports a batch of dialogues: all of it, once',
    description:
      'A batch is stored in one transaction. Sent again it is refused with what it made; after a failure it may be sent again.',
  })
  @ApiHeader({
    name: 'X-Batch-Id',
    required: false,
    description: 'When given it has to equal batch_id',
    schema: { type: 'string' },
  })
  @ApiResponse({ status: 201, description: 'Imported', standardSchema: bulkImportResponseSchema })
  @ApiResponse({
    status: 200,
    description: 'Dry run: what the import would do',
    standardSchema: dryRunResponseSchema,
  })
  @ApiResponse(problemOf('duplicate_batch', 'batch_in_progress'))
  async import(
    @Body({ schema: bulkImportRequestSchema }) request: BulkImportRequest,
    @Query({ schema: bulkImportQuerySchema }) { dry_run }: { dry_run: boolean },
    @Headers('x-batch-id') header: string | undefined,
    @Req() { id }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BulkImportResponse | DryRunResponse> {
    const { batch_id } = request;
    if (header !== undefined && header !== batch_id) throw new BatchIdMismatchError(header, batch_id);
    if (dry_run) {
      reply.code(HttpStatus.OK);
      return this.imports.preview(request);
    }
    const response = await this.imports.import(request, id);
    reply.header('location', `/${PATH}/${batch_id}`);
    return response;
  }

  @Get()
  @Allow({ roles: ['admin'], scope: 'imports:read' })
  @ApiOperation({ operationId: 'listImportBatches', summary: 'Batches, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: importBatchPageSchema })
  list(@Query({ schema: importBatchListQuerySchema }) query: ImportBatchListQuery): Promise<ImportBatchPage> {
    return this.batches.list(query);
  }

  @Get(':batch_id')
  @Allow({ roles: ['admin'], scope: 'imports:read' })
  @ApiOperation({ operationId: 'getImportBatch', summary: 'What became of a batch, with the ids it made' })
  @ApiResponse({ status: 200, description: 'The batch', standardSchema: importBatchDetailSchema })
  @ApiResponse(problemOf('not_found'))
  get(@Param({ schema: batchPathSchema }) { batch_id }: { batch_id: string }): Promise<ImportBatchDetail> {
    return this.batches.get(batch_id);
  }
}
