import { bootstrap } from '@hornbook/service-kit';
import { assignment } from './service.js';

await bootstrap(assignment);
