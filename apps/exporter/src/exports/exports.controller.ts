import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { operators, readers, writers } from '../visibility.js';
import {
  exportResumedSchema,
  exportStartedSchema,
  exportStatusSchema,
  type ExportResumed,
  type ExportStarted,
  type ExportStatus,
} from './exports.schemas.js';
import { ExportsService } from './exports.service.js';

/** Exporting as a whole. */
@ApiTags('exports')
@Controller('api/v1/exports')
export class ExportsController {
  constructor(private readonly service: ExportsService) {}

  @Post()
  @HttpCode(202)
  @Allow(writers)
  @ApiOperation({ operationId: 'exportNow', summary: 'Export everything that is ready, now' })
  @ApiAcceptedResponse({
    description: 'What was put into batches; they leave at once',
    standardSchema: exportStartedSchema,
  })
  @ApiResponse(problemOf('conflict'))
  exportNow(@Caller() caller: Identity): Promise<ExportStarted> {
    return this.service.exportNow(caller);
  }

  @Get('status')
  @Allow(readers)
  @ApiOperation({ operationId: 'getExportStatus', summary: 'Show where exporting stands' })
  @ApiOkResponse({
    description: 'Counts by state, pause, circuit, schedule',
    standardSchema: exportStatusSchema,
  })
  status(@Caller() caller: Identity): Promise<ExportStatus> {
    return this.service.status(caller);
  }

  @Post('resume')
  @HttpCode(200)
  @Allow(operators)
  @ApiOperation({
    operationId: 'resumeExports',
    summary: 'Go on after a pause',
    description: 'For admins: a pause holds back the dialogues of all owners.',
  })
  @ApiOkResponse({ description: 'Exporting goes on', standardSchema: exportResumedSchema })
  resume(@Caller() caller: Identity): Promise<ExportResumed> {
    return this.service.resume(caller);
  }
}
