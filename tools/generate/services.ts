import { assignment } from '@hornbook/assignment';
import { cardBulk } from '@hornbook/card-bulk';
import { contentImport } from '@hornbook/content-import';
import { exporter } from '@hornbook/exporter';
import { gateway } from '@hornbook/gateway';

/** Every service of the platform, the door first. A new service is added here. */
export const services = [gateway, contentImport, exporter, assignment, cardBulk] as const;
