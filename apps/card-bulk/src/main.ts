import { bootstrap } from '@hornbook/service-kit';
import { cardBulk } from './service.js';

await bootstrap(cardBulk);
