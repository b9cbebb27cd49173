import type { Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
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
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { actingFor, CARD_ROLES } from '../access/acting-for.js';
import { readKey } from '../bulk/idempotency-key.js';
import { ownerQuerySchema, type OwnerQuery } from '../cards/cards.schemas.js';
import { webhookEtag, webhookView } from './webhook-view.js';
import {
  deliveryListQuerySchema,
  deliveryPageSchema,
  webhookListQuerySchema,
  webhookPageSchema,
  webhookPatchSchema,
  webhookPathSchema,
  webhookRequestSchema,
  webhookSchema,
  webhookSecretSchema,
  type DeliveryListQuery,
  type DeliveryPage,
  type WebhookListQuery,
  type WebhookPage,
  type WebhookPatch,
  type WebhookRequest,
  type WebhookSecretView,
  type WebhookView,
} from './webhooks.schemas.js';
import { WebhooksService } from './webhooks.service.js';

const etagHeader = { ETag: { description: 'Strong entity tag', schema: { type: 'string' } } } as const;
const ifMatchHeader = {
  name: 'If-Match',
  required: true,
  description: 'ETag of the copy at hand, or *',
  schema: { type: 'string' },
} as const;
const sentSchema = z
  .object({ delivery_id: z.uuid().describe('Its entry in the log of deliveries') })
  .meta({ id: 'BulkWebhookTest' });

/** Who is told when an operation ends. An unknown webhook and somebody else's get the same 404. */
@ApiTags('Bulk webhooks')
@Controller('bulk/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'createBulkWebhook', summary: 'Registers a webhook; shows its secret once' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string', maxLength: 255 } })
  @ApiResponse({
    status: 201,
    description: 'Registered',
    standardSchema: webhookSecretSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('conflict'))
  @ApiResponse(problemOf('idempotency_key_reused'))
  async create(
    @Body({ schema: webhookRequestSchema }) request: WebhookRequest,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookSecretView> {
    const { row, view, replayed } = await this.webhooks.create(
      actingFor(caller, owner),
      request,
      readKey(key),
    );
    reply.headers({
      location: `/bulk/webhooks/${row.id}`,
      etag: webhookEtag(row),
      'cache-control': 'no-store',
    });
    if (replayed) reply.header('idempotent-replayed', 'true');
    return view;
  }

  @Get()
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'listBulkWebhooks', summary: 'Webhooks, newest first' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: webhookPageSchema })
  list(
    @Query({ schema: webhookListQuerySchema }) { owner, limit, cursor }: WebhookListQuery,
    @Caller() caller: Identity,
  ): Promise<WebhookPage> {
    return this.webhooks.list(actingFor(caller, owner), limit, cursor);
  }

  @Get('deliveries')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'listBulkDeliveries',
    summary: 'Everything that was sent, also to the webhook_url of a task',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: deliveryPageSchema })
  deliveriesOfAll(
    @Query({ schema: deliveryListQuerySchema }) query: DeliveryListQuery,
    @Caller() caller: Identity,
  ): Promise<DeliveryPage> {
    return this.webhooks.log(actingFor(caller, query.owner), undefined, query);
  }

  @Get(':webhook_id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({ operationId: 'getBulkWebhook', summary: 'One webhook, without its secret' })
  @ApiResponse({
    status: 200,
    description: 'The webhook',
    standardSchema: webhookSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  async get(
    @Param({ schema: webhookPathSchema }) { webhook_id }: { webhook_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookView> {
    const row = await this.webhooks.get(actingFor(caller, owner), webhook_id);
    reply.header('etag', webhookEtag(row));
    return webhookView(row);
  }

  @Patch(':webhook_id')
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'changeBulkWebhook', summary: 'Changes what is named of a webhook' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({
    status: 200,
    description: 'As it is now',
    standardSchema: webhookSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async change(
    @Param({ schema: webhookPathSchema }) { webhook_id }: { webhook_id: string },
    @Body({ schema: webhookPatchSchema }) patch: WebhookPatch,
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookView> {
    const row = await this.webhooks.change(actingFor(caller, owner), webhook_id, patch, ifMatch);
    reply.header('etag', webhookEtag(row));
    return webhookView(row);
  }

  @Delete(':webhook_id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({ operationId: 'deleteBulkWebhook', summary: 'Removes a webhook and its log' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 204, description: 'Removed' })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async delete(
    @Param({ schema: webhookPathSchema }) { webhook_id }: { webhook_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.webhooks.delete(actingFor(caller, owner), webhook_id, ifMatch);
  }

  @Post(':webhook_id/secret')
  @HttpCode(HttpStatus.OK)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'changeBulkWebhookSecret',
    summary: 'Makes a new secret and shows it once; for a day the one before signs too',
  })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({
    status: 200,
    description: 'With its new secret',
    standardSchema: webhookSecretSchema,
    headers: etagHeader,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('precondition_failed'))
  @ApiResponse(problemOf('precondition_required'))
  async changeSecret(
    @Param({ schema: webhookPathSchema }) { webhook_id }: { webhook_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookSecretView> {
    const { row, view } = await this.webhooks.changeSecret(actingFor(caller, owner), webhook_id, ifMatch);
    reply.headers({ etag: webhookEtag(row), 'cache-control': 'no-store' });
    return view;
  }

  @Post(':webhook_id/test')
  @HttpCode(HttpStatus.ACCEPTED)
  @Allow({ roles: CARD_ROLES, scope: 'cards:write' })
  @ApiOperation({
    operationId: 'testBulkWebhook',
    summary: 'Sends `webhook.test`, signed and retried like any other message',
  })
  @ApiResponse({ status: 202, description: 'It is being sent', standardSchema: sentSchema })
  @ApiResponse(problemOf('not_found'))
  async test(
    @Param({ schema: webhookPathSchema }) { webhook_id }: { webhook_id: string },
    @Query({ schema: ownerQuerySchema }) { owner }: OwnerQuery,
    @Caller() caller: Identity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof sentSchema>> {
    const delivery_id = await this.webhooks.test(actingFor(caller, owner), webhook_id);
    reply.headers({ location: `/bulk/webhooks/${webhook_id}/deliveries`, 'retry-after': '1' });
    return { delivery_id };
  }

  @Get(':webhook_id/deliveries')
  @Allow({ roles: CARD_ROLES, scope: 'cards:read' })
  @ApiOperation({
    operationId: 'listBulkWebhookDeliveries',
    summary: 'What was sent to a webhook, every attempt of it, newest first',
  })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: deliveryPageSchema })
  @ApiResponse(problemOf('not_found'))
  deliveries(
    @Param({ schema: webhookPathSchema }) { webhook_id }: { webhook_id: string },
    @Query({ schema: deliveryListQuerySchema }) query: DeliveryListQuery,
    @Caller() caller: Identity,
  ): Promise<DeliveryPage> {
    return this.webhooks.log(actingFor(caller, query.owner), webhook_id, query);
  }
}
