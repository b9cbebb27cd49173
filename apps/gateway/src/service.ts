import { defineService } from '@hornbook/service-kit';
import { about } from './about.js';
import { ApiKey } from './api-keys/api-key.entity.js';
import { AppModule } from './app.module.js';
import { GatewayConfig } from './config.js';
import { CreateApiKeys1790000000001 } from './database/migrations/1790000000001-create-api-keys.js';
import { configureHttp } from './door/http.js';

/** The gateway as `bootstrap` and tests start it. */
export const gateway = defineService({
  ...about,
  config: GatewayConfig,
  module: AppModule,
  entities: [ApiKey],
  migrations: [CreateApiKeys1790000000001],
  bodyLimit: 65_536,
  configureHttp,
});
