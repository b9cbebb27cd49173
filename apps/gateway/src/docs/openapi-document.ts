import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Methods that an OpenAPI path may describe. */
const describedMethods = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;

/** What the gateway itself needs of the document. */
const documentSchema = z.object({
  openapi: z.string().startsWith('3.1'),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** A documented path and its methods. */
export interface DocumentedPath {
  /** As OpenAPI writes it: `/v1/api-keys/{id}`. */
  readonly template: string;
  /** In capitals; HEAD stands beside GET. */
  readonly methods: readonly string[];
}

/** The one API document of all services: served as it is, and asked which methods a path has. */
export class OpenApiDocument {
  /** Strong, of the exact bytes. */
  readonly etag: string;
  readonly paths: readonly DocumentedPath[];
  private readonly patterns: readonly (DocumentedPath & { readonly pattern: RegExp })[];

  private constructor(readonly text: string) {
    this.etag = `"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
    const { paths } = documentSchema.parse(JSON.parse(text));
    this.paths = Object.entries(paths).map(([template, operations]) => ({
      template,
      methods: methodsOf(operations),
    }));
    this.patterns = this.paths.map((path) => ({ ...path, pattern: patternOf(path.template) }));
  }

  /** @throws Error naming the file, when it is not there or no OpenAPI 3.1 document */
  static async read(path: string): Promise<OpenApiDocument> {
    try {
      return new OpenApiDocument(await readFile(path, 'utf8'));
    } catch (error) {
      throw new Error(`${path} is not a readable OpenAPI 3.1 document (OPENAPI_FILE)`, { cause: error });
    }
  }

  /** Methods that are documented for a path of a request; undefined when the path is not. */
  methodsFor(path: string): readonly string[] | undefined {
    const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    return this.patterns.find(({ pattern }) => pattern.test(trimmed))?.methods;
  }
}

function methodsOf(operations: Readonly<Record<string, unknown>>): string[] {
  const methods = describedMethods
    .filter((method) => method in operations)
    .map((method) => method.toUpperCase());
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
}

function patternOf(template: string): RegExp {
  const escaped = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}
