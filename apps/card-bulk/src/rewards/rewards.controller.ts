import type { Identity } from '@hornbook/contracts';
import { Allow, Caller } from '@hornbook/service-kit';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import {
  balanceSchema,
  ledgerPageSchema,
  ledgerQuerySchema,
  type BalanceView,
  type LedgerPage,
  type LedgerQuery,
} from './rewards.schemas.js';
import { RewardsService } from './rewards.service.js';

/** $EXTROPY tokens. */
@ApiTags('Extropy')
@Controller('extropy')
@Allow({ roles: CARD_ROLES, scope: 'cards:read' })
export class RewardsController {
  constructor(private readonly rewards: RewardsService) {}

  @Get('balance')
  @ApiOperation({ operationId: 'getExtropyBalance', summary: 'What the caller has earned' })
  @ApiResponse({ status: 200, description: 'The balance', standardSchema: balanceSchema })
  balance(
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
  ): Promise<BalanceView> {
    return this.rewards.balance(actingFor(caller, owner));
  }

  @Get('ledger')
  @ApiOperation({ operationId: 'listExtropyLedger', summary: 'Every token that was earned, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: ledgerPageSchema })
  ledger(
    @Query({ schema: ledgerQuerySchema }) { owner, limit, cursor }: LedgerQuery,
    @Caller() caller: Identity,
  ): Promise<LedgerPage> {
    return this.rewards.ledger(actingFor(caller, owner), limit, cursor);
  }
}
