import { bootstrap } from '@hornbook/service-kit';
import { gateway } from './service.js';

await bootstrap(gateway);
