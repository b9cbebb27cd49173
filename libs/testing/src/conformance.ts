import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: unknown }> }>;
}

/** The committed document; the same relative place seen from `src` and from `dist`. */
const documentFile = new URL('../../../openapi/openapi.json', import.meta.url);
const DOCUMENT = 'openapi';

/** One step of a JSON pointer inside a URI fragment (RFC 6901, sections 3 and 6). */
function pointer(...steps: readonly string[]): string {
  return steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
}

/**
 * Holds every answer of a service against the OpenAPI document: its status must be documented, and its body must
 * have the documented media type and shape. Routes that the document leaves out (probes, metrics) pass.
 */
export class Conformance {
  /** What did not conform, each kind once. */
  readonly violations = new Set<string>();
  private readonly paths: Record<string, Record<string, Operation | undefined> | undefined>;
  private readonly ajv: Ajv2020;
  private readonly validators = new Map<string, ValidateFunction>();

  constructor() {
    const document = JSON.parse(readFileSync(documentFile, 'utf8')) as { paths: Record<string, never> };
    this.paths = document.paths;
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.ajv);
    this.ajv.addSchema(document, DOCUMENT);
  }

  /** Watches what a service sends; before it listens. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, reply, payload, done) => {
      this.look(request, reply, payload);
      done(null, payload);
    });
  }

  private look(request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
    const path = request.routeOptions.url?.replace(/:(\w+)/g, '{$1}') ?? '';
    const method = request.method.toLowerCase();
    const operation = this.paths[path]?.[method];
    if (!operation) return;
    const status = String(reply.statusCode);
    const place = `${request.method} ${path} → ${status}`;
    const response = operation.responses[status];
    if (!response) {
      this.violations.add(`${place}: status is not documented`);
      return;
    }
    if (typeof payload !== 'string' || payload === '') return;
    const type = String(reply.getHeader('content-type')).split(';')[0] ?? '';
    if (!response.content?.[type]) {
      this.violations.add(`${place}: ${type} is not documented`);
      return;
    }
    const validate = this.validator(
      pointer('paths', path, method, 'responses', status, 'content', type, 'schema'),
    );
    if (type.endsWith('json') && !validate(JSON.parse(payload))) {
      this.violations.add(`${place}: ${this.ajv.errorsText(validate.errors, { dataVar: 'body' })}`);
    }
  }

  private validator(place: string): ValidateFunction {
    let validate = this.validators.get(place);
    if (!validate) {
      validate = this.ajv.compile({ $ref: `${DOCUMENT}#/${place}` });
      this.validators.set(place, validate);
    }
    return validate;
  }
}
