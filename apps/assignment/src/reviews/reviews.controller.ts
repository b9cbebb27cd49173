import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { readers, reviewers } from '../assignments/caller.js';
import { bodySchema } from './parse-body.js';
import {
  itemPathSchema,
  myReviewsQuerySchema,
  releasedReviewSchema,
  reviewBodySchema,
  reviewDetailSchema,
  reviewPageSchema,
  type ItemPath,
  type ReleasedReview,
  type ReviewDetail,
  type ReviewPage,
} from './reviews.schemas.js';
import { ReviewsService } from './reviews.service.js';

const ONE = ':dataset/:bucket/:item_id/review';
const addressOf = ({ dataset, bucket, item_id }: ItemPath) => ({ dataset, bucket, id: item_id });

/** Reviews of items that several people review, each without seeing the others'. */
@ApiTags('Reviews')
@Controller('v1/assignments')
export class ReviewsController {
  constructor(private readonly reviews: ReviewsService) {}

  @Get('reviews')
  @Allow(readers)
  @ApiOperation({ operationId: 'listMyReviews', summary: 'Slots that the caller holds, oldest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: reviewPageSchema })
  mine(
    @Query({ schema: myReviewsQuerySchema }) query: { limit: number; cursor?: string | undefined },
    @Caller() caller: Identity,
  ): Promise<ReviewPage> {
    return this.reviews.mine(caller, query);
  }

  @Get(ONE)
  @Allow(readers)
  @ApiOperation({ operationId: 'getReview', summary: 'The caller’s review of an item, with the item' })
  @ApiResponse({ status: 200, description: 'The review', standardSchema: reviewDetailSchema })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewDetail> {
    return tagged(reply, await this.reviews.get(addressOf(path), caller));
  }

  @Post(ONE)
  @HttpCode(200)
  @Allow(reviewers)
  @ApiOperation({
    operationId: 'claimReview',
    summary: 'Takes a slot of one item',
    description: 'Whoever holds a slot of the item keeps it. Authors get none.',
  })
  @ApiResponse({ status: 200, description: 'The slot, with the item', standardSchema: reviewDetailSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('ALREADY_ASSIGNED'))
  async claim(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewDetail> {
    return tagged(reply, await this.reviews.claim(addressOf(path), caller));
  }

  @Put(ONE)
  @Allow(reviewers)
  @ApiOperation({
    operationId: 'putReview',
    summary: 'Saves or submits the caller’s review of an item, or passes the item on',
    description:
      'Without a verdict it is saved and the lease renewed. The last review of a round settles it: all alike, and the item is approved or deleted; else it waits for adjudication.',
  })
  @ApiHeader({
    name: 'If-Match',
    required: false,
    schema: { type: 'string' },
    description: 'etag of the review',
  })
  @ApiBody({ schema: bodySchema(reviewBodySchema) })
  @ApiResponse({
    status: 200,
    description: 'The review, or the slot that was given back',
    standardSchema: reviewDetailSchema.or(releasedReviewSchema),
  })
  @ApiResponse(problemOf('validation_error', 'INVALID_APPROVAL'))
  @ApiResponse(problemOf('forbidden', 'ASSIGNMENT_OWNERSHIP'))
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('INVALID_TRANSITION'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async put(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewDetail | ReleasedReview> {
    return tagged(reply, await this.reviews.review(addressOf(path), caller, { body, ifMatch }));
  }

  @Delete(ONE)
  @Allow(reviewers)
  @ApiOperation({
    operationId: 'releaseReview',
    summary: 'Gives a slot back; what was saved is kept for its writer',
  })
  @ApiResponse({ status: 200, description: 'Given back', standardSchema: releasedReviewSchema })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('INVALID_TRANSITION'))
  release(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Caller() caller: Identity,
  ): Promise<ReleasedReview> {
    return this.reviews.release(addressOf(path), caller);
  }
}

/** The entity tag in the header is the one in the body. */
function tagged<Body extends object>(reply: FastifyReply, body: Body): Body {
  if ('etag' in body) reply.header('etag', body.etag);
  return body;
}
