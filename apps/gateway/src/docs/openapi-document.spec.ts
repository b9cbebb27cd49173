import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@hornbook/testing';
import { OpenApiDocument } from './openapi-document.js';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

async function read(text: string): Promise<OpenApiDocument> {
  const path = join(folder.path, 'openapi.json');
  await writeFile(path, text);
  return OpenApiDocument.read(path);
}

test('it knows the methods of a path of a request', async () => {
  const document = await read(
    JSON.stringify({
      openapi: '3.1.0',
      paths: { '/a/{id}': { get: {}, parameters: [] }, '/a/{id}/b.c': { post: {} } },
    }),
  );
  expect(document.methodsFor('/a/1')).toEqual(['GET', 'HEAD']);
  expect(document.methodsFor('/a/1/')).toEqual(['GET', 'HEAD']);
  expect(document.methodsFor('/a/1/b.c')).toEqual(['POST']);
  expect(document.methodsFor('/a/1/bxc')).toBeUndefined();
  expect(document.methodsFor('/a')).toBeUndefined();
});

test.each(['', '{}', '{"openapi":"3.0.0","paths":{}}', '[]'])('%s is no document', async (text) => {
  await expect(read(text)).rejects.toThrow(/openapi\.json is not a readable OpenAPI 3\.1 document/);
});
