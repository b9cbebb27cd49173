import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, isNamedBy, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Patch,
  Query,
  Res,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { cardEtag, cardView } from './card-view.js';
import {
  cardDeleteQuerySchema,
  cardListQuerySchema,
  cardPageSchema,
  cardPatchSchema,
  cardPathSchema,
  cardSchema,
  ownerQuerySchema,
  type CardDeleteQuery,
  type CardListQuery,
  type CardPage,
  type CardPatch,
  type CardView,
  type OwnerQuery,
} from './cards.schemas.js';
import { CardsService } from './cards.service.js';

const etagHeader = { ETag: { description: 'Strong entity tag', schema: { type: 'string' } } } as const;
const ifMatchHeader = {
  name: 'If-Match',
  required: true,
  description: 'ETag of the copy at hand, or *',
  schema: { type: 'string' },
} as const;

/** An owner's cards. */
@ApiTags('Cards')
@Controller('cards')
export class CardsController {
  constructor(private readonly cards: CardsService) {}

  @Get()
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'listCards', summary: 'Cards, newest first, by filter and by words' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: cardPageSchema })
  list(
    @Query({ schema: cardListQuerySchema }) { owner, ...query }: CardListQuery,
    @Caller() caller: Identity,
  ): Promise<CardPage> {
    return this.cards.list(actingFor(caller, owner), query);
  }

  @Get(':id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'getCard', summary: 'One card, also a soft-deleted one' })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'ETag of the copy at hand',
    schema: { type: 'string' },
  })
  @ApiResponse({ status: 200, description: 'The card', standardSchema: cardSchema, headers: etagHeader })
  @ApiResponse({ status: 304, description: 'The copy at hand is current' })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: cardPathSchema }) { id }: { id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const card = await this.cards.get(actingFor(caller, owner), id);
    const etag = cardEtag(card);
    reply.headers({ etag, 'cache-control': 'private, no-cache' });
    if (isNamedBy(ifNoneMatch, etag)) await reply.code(HttpStatus.NOT_MODIFIED).send();
    else await reply.type('application/json; charset=utf-8').send(JSON.stringify(cardView(card)));
  }

  @Patch(':id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'changeCard',
    summary: 'Changes what is named of a card, and publishes it or takes it back',
  })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({
    status: 200,
    description: 'The card as it is now',
    standardSchema: cardSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async change(
    @Param({ schema: cardPathSchema }) { id }: { id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Body({ schema: cardPatchSchema }) patch: CardPatch,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CardView> {
    const card = await this.cards.change(actingFor(caller, owner), id, patch, ifMatch);
    reply.header('etag', cardEtag(card));
    return cardView(card);
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'deleteCard', summary: 'Marks a card as deleted, or removes it for good' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 204, description: 'Deleted' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async delete(
    @Param({ schema: cardPathSchema }) { id }: { id: string },
    @Query({ schema: cardDeleteQuerySchema }) { owner, hard }: CardDeleteQuery,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.cards.delete(actingFor(caller, owner), id, hard, ifMatch);
  }
}
