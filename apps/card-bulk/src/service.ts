import { cardsErrorMembers } from '@hornbook/contracts';
import { defineService } from '@hornbook/service-kit';
import { AppModule } from './app.module.js';
import { leaveUploadsUnread } from './bulk/import/upload-http.js';
import { MAX_IMPORT_BYTES } from './bulk/limits.js';
import { CardSearch, CardSearchQueue } from './cards/card-search.entities.js';
import { CardEntity } from './cards/card.entity.js';
import { CardBulkConfig } from './config.js';
import { CardTables1774000000000 } from './database/migrations/1774000000000-card-tables.js';
import { WebhookTables1774100000000 } from './database/migrations/1774100000000-webhook-tables.js';
import { UploadTable1774200000000 } from './database/migrations/1774200000000-upload-table.js';
import { Balance, LedgerEntry } from './rewards/ledger.entities.js';

/** Cards by the ten thousand (seed 002): import, export, delete, and the rewards for what is published. */
export const cardBulk = defineService({
  name: 'card-bulk',
  version: '0.1.0',
  description:
    'Imports, exports and deletes cards in bulk, and keeps the ledger of what publishing them earned.',
  config: CardBulkConfig,
  module: AppModule,
  entities: [CardEntity, CardSearch, CardSearchQueue, LedgerEntry, Balance],
  migrations: [CardTables1774000000000, WebhookTables1774100000000, UploadTable1774200000000],
  errorMembers: cardsErrorMembers,
  bodyLimit: MAX_IMPORT_BYTES,
  async configureHttp(fastify) {
    leaveUploadsUnread(fastify);
  },
});
