import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { managers } from '../assignments/caller.js';
import { AdjudicationService } from './adjudication.service.js';
import { bodySchema } from './parse-body.js';
import {
  adjudicationBodySchema,
  adjudicationQuerySchema,
  adjudicationSchema,
  disputePageSchema,
  itemPathSchema,
  roundsSchema,
  type Adjudication,
  type AdjudicationQuery,
  type DisputePage,
  type ItemPath,
  type RoundsView,
} from './reviews.schemas.js';

const curators = { roles: managers.roles, scope: 'ground-truths:read' };

/** Items whose reviewers do not agree, for those who decide. */
@ApiTags('Reviews')
@Controller('v1/assignments')
export class AdjudicationController {
  constructor(private readonly adjudication: AdjudicationService) {}

  @Get('adjudications')
  @Allow(curators)
  @ApiOperation({
    operationId: 'listAdjudications',
    summary: 'Items that wait for adjudication with their reviews, longest waiting first',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: disputePageSchema })
  @ApiResponse(problemOf('not_found'))
  queue(@Query({ schema: adjudicationQuerySchema }) query: AdjudicationQuery): Promise<DisputePage> {
    return this.adjudication.queue(query);
  }

  @Get(':dataset/:bucket/:item_id/reviews')
  @Allow(curators)
  @ApiOperation({ operationId: 'listReviewsOfItem', summary: 'All reviews of an item, round by round' })
  @ApiResponse({ status: 200, description: 'Rounds, newest first', standardSchema: roundsSchema })
  @ApiResponse(problemOf('not_found'))
  rounds(@Param({ schema: itemPathSchema }) { dataset, bucket, item_id }: ItemPath): Promise<RoundsView> {
    return this.adjudication.rounds({ dataset, bucket, id: item_id });
  }

  @Post(':dataset/:bucket/:item_id/adjudicate')
  @HttpCode(200)
  @Allow(managers)
  @ApiOperation({
    operationId: 'adjudicate',
    summary: 'Decides where the reviewers of an item do not agree',
    description: '`again` sends the item through another round. The reviews stay as they are.',
  })
  @ApiHeader({
    name: 'If-Match',
    required: false,
    schema: { type: 'string' },
    description: 'etag of the item',
  })
  @ApiBody({ schema: bodySchema(adjudicationBodySchema) })
  @ApiResponse({ status: 200, description: 'The decision', standardSchema: adjudicationSchema })
  @ApiResponse(problemOf('validation_error', 'INVALID_APPROVAL'))
  @ApiResponse(problemOf('forbidden', 'ASSIGNMENT_OWNERSHIP'))
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('INVALID_TRANSITION'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async adjudicate(
    @Param({ schema: itemPathSchema }) { dataset, bucket, item_id }: ItemPath,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Adjudication> {
    const address = { dataset, bucket, id: item_id };
    const decided = await this.adjudication.adjudicate(address, caller, { body, ifMatch });
    reply.header('etag', decided.etag);
    return decided;
  }
}
