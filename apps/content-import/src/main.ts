import { bootstrap } from '@hornbook/service-kit';
import { contentImport } from './service.js';

await bootstrap(contentImport);
