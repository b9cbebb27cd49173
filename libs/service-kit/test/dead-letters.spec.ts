import pg from 'pg';
import { eventually } from '@hornbook/testing';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import type { AnyServiceConfig } from '../src/index.js';
import { forgiven, school, trouble } from './fixtures/lessons.js';

const PATH = '/internal/dead-letters';
const consumer = 'shelve-lesson-when-it-is-written';

interface Letter {
  readonly id: string;
  readonly [member: string]: unknown;
}

describe('parked messages', () => {
  let app: TestApp<AnyServiceConfig>;
  let client: pg.Client;

  beforeAll(async () => {
    app = await startApp<AnyServiceConfig>(school);
    client = new pg.Client({ connectionString: app.database.urlFor('test-school') });
    await client.connect();
  });

  afterAll(async () => {
    await client.end();
    await app.stop();
  });

  beforeEach(async () => {
    forgiven.clear();
    await client.query('TRUNCATE dead_letters, lessons');
  });

  /** Those listed now, as an administrator sees them. */
  async function listed(query: Record<string, unknown> = {}): Promise<Letter[]> {
    const admin = await app.as();
    const { body } = await admin.get(PATH).query(query).expect(200);
    return (body as { items: Letter[] }).items;
  }

  /** Writes lessons that the consumer refuses, and waits until their messages are parked. */
  async function park(count = 1): Promise<Letter[]> {
    const admin = await app.as();
    for (let n = 0; n < count; n++) await admin.post('/lessons').send({ title: trouble.refused }).expect(201);
    return eventually(async () => {
      const letters = await listed();
      return letters.length === count && letters;
    });
  }

  const shelved = async (): Promise<number> =>
    (await client.query(`SELECT 1 FROM lessons WHERE what = 'shelved'`)).rows.length;

  test('are listed and read, with what they carry and why they are here', async () => {
    const [letter] = await park();
    expect(letter).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      consumer,
      message_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      event: 'test.lesson.written.v1',
      reason: 'permanent',
      error_class: 'PermanentError',
      error_message: 'no such shelf',
      fingerprint: expect.any(String) as string,
      attempts: 1,
      status: 'parked',
      times_parked: 1,
      parked_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    const admin = await app.as();
    const { body } = await admin.get(`${PATH}/${letter!.id}`).expect(200);
    expect(body).toMatchObject({
      ...letter,
      body: { specversion: '1.0', id: letter!['message_id'], data: { title: trouble.refused } },
      audit: [{ action: 'parked', by: 'test-school' }],
    });
  });

  test('are listed in pages, and by consumer', async () => {
    const letters = await park(3);
    const admin = await app.as();
    const first = (await admin.get(PATH).query({ limit: 2 }).expect(200)).body as {
      items: Letter[];
      next_cursor: string;
    };
    expect(first.items).toEqual(letters.slice(0, 2));
    const last = await admin.get(PATH).query({ limit: 2, cursor: first.next_cursor }).expect(200);
    expect(last.body).toEqual({ items: letters.slice(2), next_cursor: null });
    expect(await listed({ consumer })).toHaveLength(3);
    expect(await listed({ consumer: 'another' })).toEqual([]);
  });

  test('are sent again, one by its id, once the cause is mended; the audit says who did it', async () => {
    const [letter] = await park();
    forgiven.add(trouble.refused);
    const admin = await app.as({ sub: 'grace' });
    expect((await admin.post(`${PATH}/${letter!.id}/redrive`).expect(200)).body).toEqual({
      redriven: 1,
      failed: 0,
    });
    await eventually(async () => (await shelved()) === 1);
    expect(await listed()).toEqual([]);
    const { body } = await admin.get(`${PATH}/${letter!.id}`).expect(200);
    expect(body).toMatchObject({ status: 'redriven', audit: [{}, { action: 'redriven', by: 'grace' }] });
    await admin.post(`${PATH}/${letter!.id}/redrive`).expect(404);
  });

  test('are sent again, all of a consumer, the oldest first', async () => {
    const letters = await park(3);
    forgiven.add(trouble.refused);
    const admin = await app.as();
    const redrive = (limit: number): Promise<{ body: unknown }> =>
      admin.post(`${PATH}/redrive`).send({ consumer, limit }).expect(200).then();
    expect((await redrive(2)).body).toEqual({ redriven: 2, failed: 0 });
    await eventually(async () => (await shelved()) === 2);
    expect(await listed()).toEqual([letters[2]]);
    expect((await redrive(100)).body).toEqual({ redriven: 1, failed: 0 });
    await eventually(async () => (await shelved()) === 3);
  });

  test('that are refused again are parked again, and counted', async () => {
    const [letter] = await park();
    const admin = await app.as();
    await admin.post(`${PATH}/${letter!.id}/redrive`).expect(200);
    const [again] = await eventually(async () => {
      const letters = await listed();
      return letters[0]?.['times_parked'] === 2 && letters;
    });
    expect(again).toMatchObject({ id: letter!.id, status: 'parked' });
  });

  test('are dropped, and stay for the record', async () => {
    const [letter] = await park();
    const admin = await app.as({ sub: 'grace' });
    expect((await admin.delete(`${PATH}/${letter!.id}`).expect(204)).text).toBe('');
    expect(await listed()).toEqual([]);
    const { body } = await admin.get(`${PATH}/${letter!.id}`).expect(200);
    expect(body).toMatchObject({ status: 'dropped', audit: [{}, { action: 'dropped', by: 'grace' }] });
    await admin.delete(`${PATH}/${letter!.id}`).expect(404);
    expect(await shelved()).toBe(0);
  });

  test("are nobody's business but administrators'", async () => {
    const id = '0197d0a4-3f5c-7abc-8def-0123456789ab';
    const curator = await app.as({ roles: ['curator', 'reviewer', 'service'] });
    const key = await app.as({ roles: ['admin'], scopes: ['lessons:write'] });
    for (const caller of [curator, key]) {
      await caller.get(PATH).expect(403);
      await caller.get(`${PATH}/${id}`).expect(403);
      await caller.post(`${PATH}/${id}/redrive`).expect(403);
      await caller.post(`${PATH}/redrive`).send({ consumer }).expect(403);
      await caller.delete(`${PATH}/${id}`).expect(403);
    }
    await app.request.get(PATH).expect(401);
  });

  test('that do not exist are not found, and a question that makes no sense is refused', async () => {
    const id = '0197d0a4-3f5c-7abc-8def-0123456789ab';
    const admin = await app.as();
    for (const answer of [
      admin.get(`${PATH}/${id}`),
      admin.post(`${PATH}/${id}/redrive`),
      admin.delete(`${PATH}/${id}`),
    ]) {
      const { body } = await answer.expect(404);
      expect(body).toMatchObject({ code: 'not_found', detail: `Dead letter ${id} was not found` });
    }
    await admin.get(`${PATH}/seven`).expect(400);
    await admin.get(PATH).query({ limit: 0 }).expect(400);
    await admin.get(PATH).query({ cursor: 'x' }).expect(400);
    await admin.post(`${PATH}/redrive`).send({}).expect(400);
    await admin.post(`${PATH}/redrive`).send({ consumer, limit: 100_000 }).expect(400);
  });
});
