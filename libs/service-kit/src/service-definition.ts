import type { DataSourceOptions } from 'typeorm';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { Database } from '@hornbook/database';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { EnvFields } from './config/config-class.js';
import type { AnyServiceConfig } from './config/config.js';
import type { Shutdown } from './operations/shutdown.js';
import type { ErrorMembers } from './problems/problem.filter.js';

/** What raw routes may use beside the configuration; nothing of it is connected yet. */
export interface HttpParts {
  readonly database: Database;
  readonly shutdown: Shutdown;
  readonly logger: Logger;
}

/** Everything `bootstrap` has to know of a service. */
export interface ServiceDefinition<Config extends AnyServiceConfig = AnyServiceConfig> {
  /** Name in URLs, logs and metrics; the schema is the same with `_`: `content-import` → `content_import`. */
  readonly name: string;
  readonly version: string;
  /** One sentence for the API documentation. */
  readonly description: string;
  readonly config: { readonly fields: EnvFields } & (new (values: never) => Config);
  readonly module: Type<unknown> | (NonNullable<ModuleMetadata['imports']>[number] & object);
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  /** In order; the first one calls `createMessagingTables` when the service sends or receives events. */
  readonly migrations: NonNullable<DataSourceOptions['migrations']>;
  /** Members that the service's seed gives every error body. */
  readonly errorMembers?: ErrorMembers;
  /** Largest request body, bytes. Default 1 MiB; a route may set its own. */
  readonly bodyLimit?: number;
  /** Plugins and raw routes; runs before Nest registers its own. */
  configureHttp?(fastify: FastifyInstance, config: Config, parts: HttpParts): Promise<void>;
}

/** Names the type of a definition's configuration once, at the definition. */
export function defineService<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
): ServiceDefinition<Config> {
  return definition;
}
