import { cardsErrorMembers, pronieltsErrorMembers, type Role } from '@hornbook/contracts';
import type { ErrorMembers } from '@hornbook/service-kit';
import type { GatewayConfig } from '../config.js';

/** A service behind the gateway. */
export interface Service {
  /** Name in answers, metrics and `/internal/dead-letters/{service}`. */
  readonly name: string;
  /** Scheme, host and port. */
  readonly url: string;
}

/** One row of the table: what is passed to which service, and within which limits. */
export interface ProxyRoute {
  /** Serves this path and everything below it. */
  readonly path: string;
  readonly service: string;
  /** What takes the place of `path` in the request to the service. Default: the path stays. */
  readonly servicePath?: string;
  /** Largest request body, bytes. */
  readonly bodyLimit: number;
  /** Longest silence of the service, milliseconds. */
  readonly timeoutMs: number;
  /** Open to callers who do not say who they are. Default: closed. */
  readonly public?: boolean;
  /** Roles of which the caller needs one before the service is even asked. Default: the service decides. */
  readonly roles?: readonly Role[];
  /** Members that the API's seed gives every error body, also those that the gateway answers. */
  readonly errorMembers?: ErrorMembers;
}

/** Silence that is allowed to a service which waits on request: a minute, and some time to answer. */
const WAIT_MS = 75_000;
const KIB = 1_024;
const MIB = 1_024 * KIB;
const GIB = 1_024 * MIB;

/** All services behind the gateway. */
export function servicesOf(config: GatewayConfig): readonly Service[] {
  return [
    { name: 'content-import', url: config.contentImportUrl },
    { name: 'exporter', url: config.exporterUrl },
    { name: 'assignment', url: config.assignmentUrl },
    { name: 'card-bulk', url: config.cardBulkUrl },
  ];
}

/** The one table by which requests find their service. The most specific row wins. */
export function routesOf(config: GatewayConfig): readonly ProxyRoute[] {
  const timeoutMs = config.upstreamTimeoutMs;
  const pronielts = { timeoutMs, errorMembers: pronieltsErrorMembers };
  const cards = { service: 'card-bulk', timeoutMs, errorMembers: cardsErrorMembers };
  return [
    // The largest batch that the schema allows has about 6 MiB of UTF-8.
    { path: '/api/v1/admin/bulk-import', service: 'content-import', bodyLimit: 8 * MIB, ...pronielts },
    { path: '/api/v1/categories', service: 'content-import', bodyLimit: 64 * KIB, ...pronielts },
    { path: '/api/v1/dialogs', service: 'content-import', bodyLimit: MIB, ...pronielts },
    { path: '/api/v1/exports', service: 'exporter', bodyLimit: 8 * MIB, ...pronielts },
    // NDJSON is read as it comes; the service has a lower limit of its own for an array.
    { path: '/v1/ground-truths', service: 'assignment', bodyLimit: 256 * MIB, timeoutMs },
    { path: '/v1/assignments', service: 'assignment', bodyLimit: 4 * MIB, timeoutMs },
    { path: '/v1/datasets', service: 'assignment', bodyLimit: MIB, timeoutMs },
    // 10,000 cards have 8 to 12 MB.
    { path: '/bulk', bodyLimit: 32 * MIB, ...cards },
    // It waits for news when asked to, up to a minute, and is silent meanwhile.
    { path: '/bulk/status', bodyLimit: 64 * KIB, ...cards, timeoutMs: Math.max(timeoutMs, WAIT_MS) },
    { path: '/bulk/import/stream', bodyLimit: 4 * GIB, ...cards },
    // The link's own token says who may fetch the file.
    { path: '/bulk/downloads', public: true, bodyLimit: 64 * KIB, ...cards },
    { path: '/cards', bodyLimit: 2 * MIB, ...cards },
    { path: '/extropy', bodyLimit: 64 * KIB, ...cards },
    ...servicesOf(config).flatMap(({ name }) =>
      ['/internal/dead-letters', '/internal/outbox'].map((servicePath): ProxyRoute => ({
        path: `${servicePath}/${name}`,
        servicePath,
        service: name,
        bodyLimit: 64 * KIB,
        timeoutMs,
        roles: ['admin'],
      })),
    ),
  ];
}
