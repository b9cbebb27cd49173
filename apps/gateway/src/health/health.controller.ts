import { Public, READINESS, type Readiness, type ReadinessReport } from '@hornbook/service-kit';
import { Controller, Get, HttpStatus, Inject, type OnModuleDestroy, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { about } from '../about.js';
import { databaseHealthSchema, healthSchema, rootSchema, type Health } from './health.schemas.js';
import { ServiceHealth } from './service-health.js';

/** The gateway's own report is shown again for this long, milliseconds: these routes are open to everybody. */
const CACHE_MS = 1_000;

/** State of the whole platform, in the words of its first clients. */
@ApiTags('Health')
@Controller()
@Public()
export class PlatformHealthController implements OnModuleDestroy {
  private seen: { readonly at: number; readonly report: Promise<ReadinessReport> } | undefined;

  constructor(
    @Inject(READINESS) private readonly readiness: Readiness,
    private readonly services: ServiceHealth,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getRoot', summary: 'Whether the gateway runs' })
  @ApiResponse({ status: 200, description: 'It runs', standardSchema: rootSchema })
  root(): z.output<typeof rootSchema> {
    return { status: 'ok', service: about.name, version: about.version };
  }

  @Get('health')
  @ApiOperation({
    operationId: 'getHealth',
    summary: 'State of every service',
    description:
      'Each service as its own readiness tells it, at most a second old. 200 also when something is not well.',
  })
  @ApiResponse({
    status: 200,
    description: 'State, version and latency of every service',
    standardSchema: healthSchema,
  })
  async health(): Promise<Health> {
    const [own, services] = await Promise.all([this.own(), this.services.look()]);
    const well = own.status === 'ok' && Object.values(services).every(({ status }) => status === 'ok');
    return {
      status: well ? 'ok' : 'degraded',
      service: own.service,
      version: own.version,
      checks: own.checks,
      services,
    };
  }

  @Get('health/db')
  @ApiOperation({ operationId: 'getDatabaseHealth', summary: 'Whether the database answers' })
  @ApiResponse({ status: 200, description: 'It answers', standardSchema: databaseHealthSchema })
  @ApiResponse({ status: 503, description: 'It does not', standardSchema: databaseHealthSchema })
  async database(@Res() reply: FastifyReply): Promise<void> {
    const { checks } = await this.own();
    const connected = checks['database']?.status === 'ok';
    await reply
      .code(connected ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
      .send(
        connected ? { status: 'ok', database: 'connected' } : { status: 'error', database: 'disconnected' },
      );
  }

  async onModuleDestroy(): Promise<void> {
    await this.services.close();
  }

  private own(): Promise<ReadinessReport> {
    const now = performance.now();
    if (!this.seen || now - this.seen.at > CACHE_MS) this.seen = { at: now, report: this.readiness() };
    return this.seen.report;
  }
}
