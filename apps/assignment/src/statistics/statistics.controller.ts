import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { curatorReaders, readers } from '../assignments/caller.js';
import {
  itemStatsQuerySchema,
  itemStatsSchema,
  workQuerySchema,
  workSchema,
  type ItemStats,
  type Work,
  type WorkQuery,
} from './statistics.schemas.js';
import { StatisticsService } from './statistics.service.js';

/** How far things are, and who did what. */
@ApiTags('Statistics')
@Controller('v1')
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @Get('ground-truths/stats')
  @Allow(curatorReaders)
  @ApiOperation({ operationId: 'itemStatistics', summary: 'How many items are where, by dataset and by tag' })
  @ApiResponse({ status: 200, description: 'Counts', standardSchema: itemStatsSchema })
  @ApiResponse(problemOf('not_found'))
  items(
    @Query({ schema: itemStatsQuerySchema }) { dataset }: { dataset?: string | undefined },
  ): Promise<ItemStats> {
    return this.statistics.items(dataset);
  }

  @Get('assignments/stats')
  @Allow(readers)
  @ApiOperation({
    operationId: 'workStatistics',
    summary: 'What was done, by user, day or dataset; 30 days unless said otherwise',
  })
  @ApiResponse({ status: 200, description: 'Counts of actions', standardSchema: workSchema })
  @ApiResponse(problemOf('not_found'))
  work(@Query({ schema: workQuerySchema }) query: WorkQuery, @Caller() caller: Identity): Promise<Work> {
    return this.statistics.work(query, caller);
  }
}
