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
import {
  selfServeAnswerSchema,
  selfServeSchema,
  type SelfServeAnswer,
  type SelfServeRequest,
} from '../claims/claims.schemas.js';
import { SelfServeService } from '../claims/self-serve.service.js';
import { readIdempotencyKey } from '../idempotency/idempotency.js';
import { etagOf } from '../items/etag.js';
import { fullView, type ItemRow } from '../items/item.js';
import type { ItemAddress } from '../items/item-states.js';
import {
  assignSchema,
  fullItemSchema,
  itemPathSchema,
  myPageSchema,
  myQuerySchema,
  releaseSchema,
  reviewSchema,
  type FullItem,
  type ItemPath,
  type MyPage,
  type MyQuery,
} from './assignments.schemas.js';
import { AssignmentsService } from './assignments.service.js';
import { readers, reviewers } from './caller.js';

const ITEM = ':dataset/:bucket/:item_id';
const ifMatch = {
  name: 'If-Match',
  required: false,
  description: 'The etag of the item as it was read',
  schema: { type: 'string' },
};
const etagHeader = { ETag: { description: 'Strong entity tag: the version', schema: { type: 'string' } } };

/** What reviewers call (seed 003). */
@ApiTags('Assignments')
@Controller('v1/assignments')
export class AssignmentsController {
  constructor(
    private readonly selfServe: SelfServeService,
    private readonly assignments: AssignmentsService,
  ) {}

  @Post('self-serve')
  @HttpCode(200)
  @Allow(reviewers)
  @ApiOperation({ operationId: 'selfServe', summary: 'Hands the caller items that nobody else has' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string' } })
  @ApiResponse({ status: 200, description: 'What was handed out', standardSchema: selfServeAnswerSchema })
  @ApiResponse(problemOf('idempotency_key_reused'))
  serve(
    @Body({ schema: selfServeSchema }) request: SelfServeRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Caller() caller: Identity,
  ): Promise<SelfServeAnswer> {
    return this.selfServe.serve(request, caller, readIdempotencyKey(key));
  }

  @Get('my')
  @Allow(readers)
  @ApiOperation({ operationId: 'listMyAssignments', summary: 'Drafts the caller holds, longest held first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: myPageSchema })
  my(@Query({ schema: myQuerySchema }) query: MyQuery, @Caller() caller: Identity): Promise<MyPage> {
    return this.assignments.my(query, caller);
  }

  @Put(ITEM)
  @Allow(reviewers)
  @ApiOperation({
    operationId: 'reviewItem',
    summary: 'Approves, skips, deletes or edits an item that the caller holds',
    description:
      'Refusals come in this order: 401, 404, 403, 400, 409, 428, 412. The same change sent again after its answer was lost answers 200.',
  })
  @ApiHeader(ifMatch)
  @ApiBody({ standardSchema: reviewSchema } as never)
  @ApiResponse({
    status: 200,
    description: 'The item now',
    standardSchema: fullItemSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('validation_error', 'INVALID_APPROVAL'))
  @ApiResponse(problemOf('forbidden', 'ASSIGNMENT_OWNERSHIP'))
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('INVALID_TRANSITION'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async review(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Body() body: unknown,
    @Headers('if-match') header: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.assignments.review(addressOf(path), body, header, caller), reply);
  }

  @Post(`${ITEM}/assign`)
  @HttpCode(200)
  @Allow(reviewers)
  @ApiOperation({ operationId: 'assignItem', summary: 'Gives the caller one named item' })
  @ApiResponse({
    status: 200,
    description: 'The item now',
    standardSchema: fullItemSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('ALREADY_ASSIGNED', 'INVALID_TRANSITION'))
  async assign(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Body({ schema: assignSchema }) { force }: { force: boolean },
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.assignments.assign(addressOf(path), force, caller), reply);
  }

  @Delete(`${ITEM}/assign`)
  @Allow(reviewers)
  @ApiOperation({ operationId: 'releaseItem', summary: 'Gives an item back to the pool, with its edits' })
  @ApiHeader(ifMatch)
  @ApiResponse({
    status: 200,
    description: 'The item now',
    standardSchema: fullItemSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('forbidden', 'ASSIGNMENT_OWNERSHIP'))
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  async release(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Query({ schema: releaseSchema }) { reason }: { reason?: string | undefined },
    @Headers('if-match') header: string | undefined,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.assignments.release(addressOf(path), reason ?? null, header, caller), reply);
  }

  @Post(`${ITEM}/lease`)
  @HttpCode(200)
  @Allow(reviewers)
  @ApiOperation({ operationId: 'renewLease', summary: 'Puts the end of the lease off; the version stays' })
  @ApiResponse({
    status: 200,
    description: 'The item now',
    standardSchema: fullItemSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('forbidden', 'ASSIGNMENT_OWNERSHIP'))
  @ApiResponse(problemOf('not_found'))
  async renew(
    @Param({ schema: itemPathSchema }) path: ItemPath,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FullItem> {
    return shown(await this.assignments.renew(addressOf(path), caller), reply);
  }
}

/** The item a path names. */
export function addressOf({ dataset, bucket, item_id }: ItemPath): ItemAddress {
  return { dataset, bucket, id: item_id };
}

/** An item as an answer, with its entity tag in the header too. */
export function shown(item: ItemRow, reply: FastifyReply): FullItem {
  reply.header('etag', etagOf(item.version));
  reply.header('cache-control', 'private, no-cache');
  return fullView(item) as FullItem;
}
