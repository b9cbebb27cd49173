import { roles, type Identity } from '@hornbook/contracts';
import { Allow, Caller, problemOf } from '@hornbook/service-kit';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import {
  apiKeyIdSchema,
  apiKeyPageSchema,
  apiKeyQuerySchema,
  apiKeySchema,
  apiKeyWithSecretSchema,
  createApiKeySchema,
  rotateApiKeySchema,
  type ApiKeyPage,
  type ApiKeyQuery,
  type ApiKeyView,
  type ApiKeyWithSecret,
  type CreateApiKey,
} from './api-keys.schemas.js';
import { ApiKeysService } from './api-keys.service.js';

const read = { roles, scope: 'api-keys:read' };
const write = { roles, scope: 'api-keys:write' };

/** API keys of the caller; administrators reach everybody's. */
@ApiTags('API keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Post()
  @Allow(write)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'createApiKey',
    summary: 'Make an API key',
    description: 'The answer shows the key once. It gives at most the roles and scopes of the caller.',
  })
  @ApiResponse({ status: 201, description: 'Made', standardSchema: apiKeyWithSecretSchema })
  @ApiResponse(problemOf('conflict'))
  async create(
    @Caller() caller: Identity,
    @Body({ schema: createApiKeySchema }) body: CreateApiKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApiKeyWithSecret> {
    const made = await this.apiKeys.create(caller, body);
    void reply.header('location', `/v1/api-keys/${made.id}`);
    return made;
  }

  @Get()
  @Allow(read)
  @ApiOperation({
    operationId: 'listApiKeys',
    summary: 'List API keys, newest first',
    description: "The caller's own keys; for administrators everybody's, or those of `owner`.",
  })
  @ApiResponse({ status: 200, description: 'A page of keys', standardSchema: apiKeyPageSchema })
  list(
    @Caller() caller: Identity,
    @Query({ schema: apiKeyQuerySchema }) query: ApiKeyQuery,
  ): Promise<ApiKeyPage> {
    return this.apiKeys.list(caller, query);
  }

  @Get(':id')
  @Allow(read)
  @ApiOperation({ operationId: 'getApiKey', summary: 'One API key' })
  @ApiResponse({ status: 200, description: 'The key, without its secret', standardSchema: apiKeySchema })
  @ApiResponse(problemOf('not_found'))
  read(@Caller() caller: Identity, @Param('id', { schema: apiKeyIdSchema }) id: string): Promise<ApiKeyView> {
    return this.apiKeys.read(caller, id);
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @Allow(write)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'rotateApiKey',
    summary: 'Give an API key a new secret',
    description: 'The secret before stays valid for `grace_seconds`. Never more than two are valid.',
  })
  @ApiResponse({
    status: 200,
    description: 'The key with its new secret',
    standardSchema: apiKeyWithSecretSchema,
  })
  @ApiResponse(problemOf('not_found'))
  @ApiResponse(problemOf('conflict'))
  rotate(
    @Caller() caller: Identity,
    @Param('id', { schema: apiKeyIdSchema }) id: string,
    @Body({ schema: rotateApiKeySchema }) body: z.output<typeof rotateApiKeySchema>,
  ): Promise<ApiKeyWithSecret> {
    return this.apiKeys.rotate(caller, id, body.grace_seconds);
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow(write)
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    description: 'It and every key that was made with it stop working everywhere within 5 seconds.',
  })
  @ApiResponse({ status: 204, description: 'Revoked, now or before' })
  @ApiResponse(problemOf('not_found'))
  async revoke(
    @Caller() caller: Identity,
    @Param('id', { schema: apiKeyIdSchema }) id: string,
  ): Promise<void> {
    await this.apiKeys.revoke(caller, id);
  }
}
