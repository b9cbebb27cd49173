import type { Identity } from '@hornbook/contracts';
import { Allow, Caller } from '@hornbook/service-kit';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import { limitsSchema, type LimitsView } from './limits.schemas.js';
import { LimitsService } from './limits.service.js';

/** What may be asked for, and how much of it is left. */
@ApiTags('Bulk operations')
@Controller('bulk/limits')
export class LimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get()
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'getBulkLimits',
    summary: 'Every limit by its name, and what is used of them',
  })
  @ApiResponse({ status: 200, description: 'The limits', standardSchema: limitsSchema })
  get(
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
  ): Promise<LimitsView> {
    return this.limits.of(actingFor(caller, owner));
  }
}
