import { contentImport } from '../../apps/content-import/dist/index.js';
import { exporter } from '../../apps/exporter/dist/index.js';
import { gateway } from '../../apps/gateway/dist/index.js';

/** Every service of the platform, the door first. A new service is added here. */
export const services = [gateway, contentImport, exporter] as const;
