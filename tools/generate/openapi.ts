import { createOpenApiDocument } from '@hornbook/service-kit';
import { services } from './services.ts';

interface Document {
  readonly paths: Record<string, unknown>;
  readonly tags?: readonly unknown[];
  readonly components?: { readonly schemas?: Record<string, unknown> };
}

function sorted<Value>(members: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Adds `more` to `all`; two services may only share a name when they mean the same. */
function merge(
  all: Record<string, unknown>,
  more: Record<string, unknown>,
  what: string,
  service: string,
): void {
  for (const [name, value] of Object.entries(more)) {
    if (name in all && JSON.stringify(all[name]) !== JSON.stringify(value)) {
      throw new Error(`${service} describes the ${what} ${name} differently from another service`);
    }
    all[name] = value;
  }
}

/** The one OpenAPI 3.1 document of the platform: every service's routes, as the gateway serves them. */
export async function openApiDocument(): Promise<string> {
  const paths: Record<string, unknown> = {};
  const schemas: Record<string, unknown> = {};
  for (const service of services) {
    const document = (await createOpenApiDocument(service as never)) as unknown as Document;
    merge(paths, document.paths, 'path', service.name);
    merge(schemas, document.components?.schemas ?? {}, 'schema', service.name);
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Hornbook',
      version: services[0].version,
      description:
        'Learning content from where it is made to where it is taught. Every error is an RFC 9457 problem with a `code` of a closed list and the `request_id` to ask about.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This gateway' }],
    security: [{ bearer: [] }],
    paths: sorted(paths),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A JWT of your identity provider, or an API key (`hb_live_…`) made at `/v1/api-keys`.',
        },
      },
      schemas: sorted(schemas),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
