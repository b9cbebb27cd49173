import { Allow, problemOf } from '@hornbook/service-kit';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  agreementPathSchema,
  agreementQuerySchema,
  agreementSchema,
  type Agreement,
  type AgreementQuery,
} from './agreement.schemas.js';
import { AgreementService } from './agreement.service.js';

/** How far reviewers agree. */
@ApiTags('Reviews')
@Controller('v1/datasets/:dataset/agreement')
export class AgreementController {
  constructor(private readonly agreement: AgreementService) {}

  @Get()
  @Allow({ roles: ['admin', 'curator'], scope: 'ground-truths:read' })
  @ApiOperation({
    operationId: 'getAgreement',
    summary: 'Agreement of a dataset’s reviewers: percent, kappa of Cohen and Fleiss, Krippendorff’s alpha',
  })
  @ApiResponse({
    status: 200,
    description: 'The measures, over all and by tag',
    standardSchema: agreementSchema,
  })
  @ApiResponse(problemOf('not_found'))
  get(
    @Param({ schema: agreementPathSchema }) { dataset }: { dataset: string },
    @Query({ schema: agreementQuerySchema }) query: AgreementQuery,
  ): Promise<Agreement> {
    return this.agreement.of(dataset, query);
  }
}
