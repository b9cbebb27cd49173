import { defineService } from '@hornbook/service-kit';
import { AppModule } from './app.module.js';
import { AssignmentConfig } from './config.js';
import { AssignmentTables1772960400000 } from './database/migrations/1772960400000-assignment-tables.js';
import { MAX_IMPORT_BYTES } from './imports/imports.schemas.js';

/** Ground truths and who reviews them (seed 003). */
export const assignment = defineService({
  name: 'assignment',
  version: '0.1.0',
  description:
    'Hands ground truths out for review, each to one reviewer at a time, and keeps what became of them.',
  config: AssignmentConfig,
  module: AppModule,
  entities: [],
  migrations: [AssignmentTables1772960400000],
  bodyLimit: MAX_IMPORT_BYTES,
  async configureHttp(fastify) {
    // Handed on as a stream: its lines are counted and bounded while they are read.
    fastify.addContentTypeParser(
      'application/x-ndjson',
      { bodyLimit: 1024 * 1024 * 1024 },
      (_request, payload, done) => {
        done(null, payload);
      },
    );
  },
});
