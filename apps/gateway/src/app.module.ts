import { Database } from '@hornbook/database';
import { Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { GatewayConfig } from './config.js';
import { DocsController } from './docs/docs.controller.js';
import { OpenApiFile } from './docs/openapi-file.js';
import { PlatformHealthController } from './health/health.controller.js';
import { ServiceHealth } from './health/service-health.js';
import { servicesOf } from './proxy/routes.js';

/** The gateway's own routes. What it passes on does not come through Nest, see `configureHttp`. */
@Module({
  controllers: [ApiKeysController, DocsController, PlatformHealthController],
  providers: [
    ApiKeysService,
    {
      provide: ApiKeysRepository,
      inject: [Database],
      useFactory: (database: Database) => new ApiKeysRepository(database),
    },
    {
      provide: ServiceHealth,
      inject: [GatewayConfig],
      useFactory: (config: GatewayConfig) => new ServiceHealth(servicesOf(config)),
    },
    {
      provide: OpenApiFile,
      inject: [GatewayConfig],
      useFactory: (config: GatewayConfig) => new OpenApiFile(config.openApiPath),
    },
  ],
})
export class AppModule {}
