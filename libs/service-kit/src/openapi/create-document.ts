import { errorCodes, problemSchema, type ErrorCode } from '@hornbook/contracts';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { createApplication } from '../application.js';
import { exampleEnvironment, loadConfig } from '../config/config-class.js';
import type { AnyServiceConfig } from '../config/config.js';
import type { ServiceDefinition } from '../service-definition.js';
import { createLogger } from '../telemetry/logger.js';

/** What any route may answer, whatever it declares itself. */
const commonErrors: readonly ErrorCode[] = [
  'validation_error',
  'unauthenticated',
  'forbidden',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limited',
  'headers_too_large',
  'internal_error',
  'upstream_error',
  'service_unavailable',
  'upstream_timeout',
];

const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'] as const;

interface ConvertedSchema {
  readonly schema: Record<string, unknown>;
  readonly components: Record<string, Record<string, unknown>>;
}

/** JSON Schema 2020-12 (that of OpenAPI 3.1) of a zod schema; schemas with an id become components. */
function convert(schema: unknown, io: 'input' | 'output'): ConvertedSchema | undefined {
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $schema: _version, $defs = {}, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return { schema: rest, components: $defs };
}

/** A problem response of one or more codes of the same status. The body is the same for all. */
function problemResponse(codes: readonly ErrorCode[]): { description: string; content: Record<string, { schema: { $ref: string } }> } {
  return {
    description: codes.map((code) => `${errorCodes[code].title} (\`${code}\`)`).join(', '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

function addProblems(document: OpenAPIObject): void {
  const problem = convert(problemSchema, 'output');
  document.components ??= {};
  document.components.schemas = { ...document.components.schemas, ...(problem?.components as object) };
  for (const path of Object.values(document.paths)) {
    for (const method of methods) {
      const operation = path[method];
      if (!operation) continue;
      for (const code of commonErrors) {
        const status = String(errorCodes[code].status);
        operation.responses[status] ??= problemResponse([code]) as never;
      }
    }
  }
}

/**
 * OpenAPI 3.1 document of one service, made from its controllers and schemas alone: nothing is connected.
 * Every operation lists the problems that any route may answer.
 */
export async function createOpenApiDocument<Config extends AnyServiceConfig>(
  definition: ServiceDefinition<Config>,
): Promise<OpenAPIObject> {
  const config = loadConfig(definition.config, definition.name, {
    ...exampleEnvironment(definition.config),
    MESSAGING_DATABASE_URL: 'postgres://broker:example@127.0.0.1:5432/hornbook',
  });
  const { app } = await createApplication(definition, config, createLogger(definition.name, 'silent'));
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(`Hornbook ${definition.name}`)
    .setDescription(definition.description)
    .setVersion(definition.version)
    .build();
  const document = SwaggerModule.createDocument(app, outline, {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema, schemaType),
  });
  addProblems(document);
  return document;
}

/** Argument of `@ApiResponse`: what a route answers besides the common problems; the codes have one status. */
export function problemOf(...codes: readonly [ErrorCode, ...ErrorCode[]]): { status: number } & ReturnType<typeof problemResponse> {
  return { status: errorCodes[codes[0]].status, ...problemResponse(codes) };
}
