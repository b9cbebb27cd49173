import { createOpenApiDocument } from '@hornbook/service-kit';
import { contentImport } from '../src/index.js';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: unknown }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: unknown }> }>;
}

describe('the OpenAPI document', () => {
  const operations = new Map<string, Operation>();
  beforeAll(async () => {
    const { paths } = await createOpenApiDocument(contentImport);
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods))
        operations.set(`${method.toUpperCase()} ${path}`, operation as Operation);
    }
  });

  it('names every route once', () => {
    expect([...operations].map(([route, { operationId }]) => [route, operationId])).toEqual([
      ['POST /api/v1/admin/bulk-import', 'bulkImport'],
      ['GET /api/v1/admin/bulk-import', 'listImportBatches'],
      ['GET /api/v1/admin/bulk-import/{batch_id}', 'getImportBatch'],
      ['GET /api/v1/categories', 'listCategories'],
      ['GET /api/v1/dialogs', 'listDialogs'],
      ['GET /api/v1/dialogs/{id}', 'getDialog'],
    ]);
    for (const operation of operations.values()) {
      expect(operation.summary).toBeTruthy();
      expect(operation.tags).toHaveLength(1);
    }
  });

  it('describes the bulk import: payload, header, query and every answer', () => {
    const operation = operations.get('POST /api/v1/admin/bulk-import');

    expect(operation?.requestBody?.content['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/BulkImportRequest',
    });
    expect(operation?.parameters?.map((parameter) => `${parameter.in} ${parameter.name}`).sort()).toEqual([
      'header X-Batch-Id',
      'query dry_run',
    ]);
    expect(operation?.responses['201']?.content?.['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/BulkImportResponse',
    });
    expect(operation?.responses['200']?.content?.['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/BulkImportDryRun',
    });
    for (const status of ['400', '401', '403', '409', '413', '415', '500']) {
      expect(operation?.responses[status]?.content?.['application/problem+json']?.schema).toEqual({
        $ref: '#/components/schemas/Problem',
      });
    }
  });

  it('describes the answer of every read', () => {
    for (const [route, operation] of operations) {
      if (route.startsWith('GET'))
        expect(operation.responses['200']?.content?.['application/json']?.schema).toHaveProperty('$ref');
    }
  });
});
