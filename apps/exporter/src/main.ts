import { bootstrap } from '@hornbook/service-kit';
import { exporter } from './service.js';

await bootstrap(exporter);
