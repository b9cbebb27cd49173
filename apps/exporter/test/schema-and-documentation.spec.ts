import { eventually } from '@hornbook/testing';
import { Database } from '@hornbook/database';
import { createOpenApiDocument } from '@hornbook/service-kit';
import { exporter } from '../src/index.js';
import { dialogue } from './support/dialogues.js';
import { contentOf, Reviewers } from './support/reviews.js';
import { World } from './support/world.js';

describe('the schema', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({});
  });
  afterAll(() => world.close());

  it('that the migration makes is the one that the entities describe', async () => {
    const { dataSource } = world.services[0]!.app.get(Database);
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('of the reviews can be taken back and made again: what was not approved, or with other words, stays out of every export', async () => {
    const reviewers = new Reviewers(world);
    const waiting = await reviewers.submit();
    const gone = await reviewers.submit();
    const broken = await reviewers.submit();
    const [ready] = await world.submit([dialogue()]);
    await reviewers.delete(gone, 2);
    await reviewers.approve(broken, 2, {});
    const edited = await reviewers.submit();
    await reviewers.approve(edited, 2, contentOf(dialogue()));
    await reviewers.heard();
    const { dataSource } = world.services[0]!.app.get(Database);
    // Newer ones first, down to the one that made the reviews. The exporters go on, and their locks meet these in no fixed
    // order: whoever loses a deadlock has done nothing and tries again.
    while ((await world.sql(`SELECT to_regclass('dialogue_reviews') AS reviews`))[0]?.['reviews'] !== null)
      await eventually(() => dataSource.undoLastMigration({ transaction: 'all' }));
    const rows = await world.sql<{ id: string; status: string }>(
      'SELECT dialogue_id AS id, status FROM sync_status',
    );
    expect(Object.fromEntries(rows.map(({ id, status }) => [id, status]))).toEqual({
      [waiting]: 'resolved',
      [gone]: 'resolved',
      [broken]: 'resolved',
      [edited]: 'resolved',
      [ready!]: 'ready',
    });
    await dataSource.runMigrations({ transaction: 'all' });
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries).toEqual([]);
  });
});

describe('the API documentation', () => {
  it('has a summary, a tag, an operation id and the shape of the answer for every route', async () => {
    const document = await createOpenApiDocument(exporter);
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) => {
        const operation = item[method];
        return operation ? [{ route: `${method} ${path}`, operation }] : [];
      }),
    );
    expect(operations.map(({ route }) => route).sort()).toEqual([
      'get /api/v1/exports/batches',
      'get /api/v1/exports/batches/{batch_id}',
      'get /api/v1/exports/dialogues',
      'get /api/v1/exports/dialogues/{id}',
      'get /api/v1/exports/failures',
      'get /api/v1/exports/failures/{id}',
      'get /api/v1/exports/status',
      'post /api/v1/exports',
      'post /api/v1/exports/dialogues',
      'post /api/v1/exports/failures/retry',
      'post /api/v1/exports/failures/{id}/resolve',
      'post /api/v1/exports/failures/{id}/retry',
      'post /api/v1/exports/resume',
    ]);
    for (const { route, operation } of operations) {
      const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))?.[1];
      expect({ route, ...operation }).toMatchObject({
        summary: expect.any(String),
        operationId: expect.any(String),
        tags: ['exports'],
      });
      expect({ route, success }).toMatchObject({
        success: { content: { 'application/json': { schema: expect.any(Object) } } },
      });
    }
  });

  it('shows what each submitted dialogue has to look like', async () => {
    const document = await createOpenApiDocument(exporter);
    const text = JSON.stringify(document);
    expect(text).toContain('"ielts_part1"');
    expect(text).toContain('"cefr_level"');
  });
});
