import { bootstrap } from '@hornbook/service-kit';
import { keepHeapSmall } from './heap.js';
import { cardBulk } from './service.js';

keepHeapSmall();
await bootstrap(cardBulk);
