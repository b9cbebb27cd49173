import { Database } from '@hornbook/database';
import { MessagingModule, type MessagingOptions } from '@hornbook/messaging';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { ServiceConfig, type AnyServiceConfig } from './config/config.js';
import { IdentityGuard } from './identity/identity.guard.js';
import { IdentityVerifier } from './identity/identity-token.js';
import { DeadLettersController } from './operations/dead-letters.controller.js';
import { HealthController } from './operations/health.controller.js';
import { MetricsController } from './operations/metrics.controller.js';
import { OutboxController } from './operations/outbox.controller.js';
import { Shutdown } from './operations/shutdown.js';
import type { ServiceDefinition } from './service-definition.js';

interface Parts<Config extends AnyServiceConfig> {
  readonly definition: ServiceDefinition<Config>;
  readonly config: Config;
  readonly database: Database;
  readonly shutdown: Shutdown;
  readonly messaging: MessagingOptions | undefined;
  /** Providers that need what only the running application has, e.g. readiness. */
  readonly providers: readonly Provider[];
}

/** The module around a service's own: configuration, database, events, identity, health, metrics. */
@Module({})
export class ServiceModule {
  static of<Config extends AnyServiceConfig>(parts: Parts<Config>): DynamicModule {
    const { definition, config, database, shutdown, messaging } = parts;
    const providers: Provider[] = [
      { provide: definition.config, useValue: config },
      { provide: ServiceConfig, useValue: config },
      { provide: Database, useValue: database },
      { provide: Shutdown, useValue: shutdown },
      ...parts.providers,
    ];
    const guards: Provider[] = [
      {
        provide: APP_GUARD,
        inject: [Reflector],
        // The gateway has no keys to check tokens with: it is the one that makes them, and guards its own routes.
        useFactory: (reflector: Reflector) =>
          new IdentityGuard(reflector, new IdentityVerifier(config.identityPublicKeys ?? { keys: [] })),
      },
    ];
    const controllers: Type<unknown>[] = [
      HealthController,
      MetricsController,
      ...(messaging ? [DeadLettersController, OutboxController] : []),
    ];
    return {
      module: ServiceModule,
      global: true,
      imports: [
        ...(messaging ? [MessagingModule.forRoot(messaging)] : []),
        definition.module as Type<unknown>,
      ],
      controllers,
      providers: [...providers, ...guards],
      exports: providers.map((provider) => (typeof provider === 'function' ? provider : provider.provide)),
    };
  }
}
