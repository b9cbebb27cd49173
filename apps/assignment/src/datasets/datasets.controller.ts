import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Get, Headers, HttpStatus, Param, Put, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { curatorReaders, managers } from '../assignments/caller.js';
import {
  datasetListQuerySchema,
  datasetPageSchema,
  datasetPathSchema,
  datasetPutSchema,
  datasetSchema,
  newDatasetPathSchema,
  type DatasetListQuery,
  type DatasetPage,
  type DatasetPut,
  type DatasetView,
} from './datasets.schemas.js';
import { DatasetsService } from './datasets.service.js';

/** Datasets with policy and instructions. An import makes those that it names. */
@ApiTags('Datasets')
@Controller('v1/datasets')
export class DatasetsController {
  constructor(private readonly datasets: DatasetsService) {}

  @Get()
  @Allow(curatorReaders)
  @ApiOperation({ operationId: 'listDatasets', summary: 'Datasets by name, with how many items are where' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: datasetPageSchema })
  list(@Query({ schema: datasetListQuerySchema }) query: DatasetListQuery): Promise<DatasetPage> {
    return this.datasets.list(query);
  }

  @Get(':name')
  @Allow(curatorReaders)
  @ApiOperation({ operationId: 'getDataset', summary: 'One dataset: policy, instructions, counts' })
  @ApiResponse({ status: 200, description: 'The dataset', standardSchema: datasetSchema })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: datasetPathSchema }) { name }: { name: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DatasetView> {
    const dataset = await this.datasets.get(name);
    reply.header('etag', dataset.etag);
    return dataset;
  }

  @Put(':name')
  @Allow(managers)
  @ApiOperation({
    operationId: 'putDataset',
    summary: 'Makes a dataset, or changes its policy or instructions',
  })
  @ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'Needed for one that exists',
    schema: { type: 'string' },
  })
  @ApiResponse({ status: 200, description: 'Changed', standardSchema: datasetSchema })
  @ApiResponse({ status: 201, description: 'Made', standardSchema: datasetSchema })
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async put(
    @Param({ schema: newDatasetPathSchema }) { name }: { name: string },
    @Body({ schema: datasetPutSchema }) request: DatasetPut,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DatasetView> {
    const { dataset, isNew } = await this.datasets.put(name, request, ifMatch, caller);
    reply.code(isNew ? HttpStatus.CREATED : HttpStatus.OK).header('etag', dataset.etag);
    return dataset;
  }
}
