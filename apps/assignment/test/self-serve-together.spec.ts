import { eventually } from '@hornbook/testing';
import pg from 'pg';
import { expectInvariants } from './support/invariants.js';
import { makeItems, startWorld, unique, type Answer, type Row, type World } from './support/world.js';

/** Requests that come while the service is busy with others are served in one transaction. */
describe('self-serve of several at once', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const filled = async (count: number): Promise<string> => {
    const dataset = unique('pool');
    await world.importItems(makeItems(dataset, count));
    return dataset;
  };

  /** Sends requests while the service is held up in others, so that they wait for each other's company. */
  const whileBusy = async (send: () => Promise<Answer>[]): Promise<Answer[]> => {
    const gate = await filled(2);
    const client = new pg.Client({ connectionString: world.database.urlFor('assignment') });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('LOCK TABLE action_counts IN EXCLUSIVE MODE');
      const busy = ['ada', 'bob'].map(async (user, place) => {
        await eventually(async () => (await waiting()) >= place);
        return world.selfServe(unique(user), 1, { datasets: [gate] });
      });
      await eventually(async () => (await waiting()) === 2);
      const sent = send();
      // They are on their way; whatever the service answers after them tells that it has them.
      for (let call = 0; call < 5; call++) await world.my('nobody');
      await client.query('COMMIT');
      await Promise.all(busy);
      return await Promise.all(sent);
    } finally {
      await client.end();
    }
  };
  const waiting = async (): Promise<number> => {
    const [row] = await world.sql<{ count: number }>(
      `SELECT count(*)::integer AS count FROM pg_locks WHERE NOT granted AND locktype = 'relation'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return row?.count ?? 0;
  };
  const idsOf = ({ body }: Answer): string[] => (body.assigned as Row[]).map(({ id }) => id);
  /** Transactions in which these items were handed out. */
  const transactionsOf = (answers: readonly Answer[]): number =>
    new Set(answers.flatMap(({ body }) => (body.assigned as Row[]).map(({ assignedAt }) => assignedAt))).size;

  it('is one transaction, with an event of its own in its own flow for each', async () => {
    await eventually(async () => {
      const [one, other] = [await filled(30), await filled(30)];
      const users = Array.from({ length: 6 }, () => unique('user'));
      const answers = await whileBusy(() =>
        users.map((user, place) =>
          world.selfServe(
            user,
            5,
            { datasets: place % 2 === 0 ? [one] : [one, other] },
            { headers: { 'x-request-id': `request-of-${user}` } },
          ),
        ),
      );

      expect(
        answers.map(({ status, body }) => [status, body.assignedCount as number, body.shortfall as string]),
      ).toEqual(users.map(() => [200, 5, null]));
      expect(new Set(answers.flatMap(idsOf)).size).toBe(30);
      const events = await world.sql<{ correlation_id: string; key: string; data: { items: Row[] } }>(
        `SELECT correlation_id, key, data FROM outbox WHERE event LIKE '%assigned%' AND key = ANY ($1)`,
        [users],
      );
      const byKey = new Map(events.map((event) => [event.key, event]));
      expect(events).toHaveLength(6);
      users.forEach((user, place) => {
        expect(byKey.get(user)).toMatchObject({ correlation_id: `request-of-${user}` });
        expect(new Set(byKey.get(user)?.data.items.map(({ id }) => id))).toEqual(
          new Set(idsOf(answers[place]!)),
        );
      });
      const work = await world.sql(
        `SELECT c.user_id, sum(c.items)::integer AS items, array_agg(DISTINCT h.actor) AS actors
         FROM (SELECT user_id, sum(items) AS items FROM action_counts WHERE action = 'assigned' GROUP BY 1) AS c
         JOIN LATERAL (SELECT DISTINCT actor FROM item_history WHERE to_user = c.user_id) AS h ON true
         WHERE c.user_id = ANY ($1) GROUP BY 1 ORDER BY 1`,
        [users],
      );
      expect(work).toEqual(users.toSorted().map((user) => ({ user_id: user, items: 5, actors: [user] })));
      await expectInvariants(world);
      // As soon as a round of them has come together.
      return transactionsOf(answers) === 1;
    });
  });

  it('adds up for one user, and tells each what is left', async () => {
    await eventually(async () => {
      const dataset = await filled(20);
      const user = unique('ann');
      const answers = await whileBusy(() =>
        [1, 2, 3].map(() => world.selfServe(user, 5, { datasets: [dataset] })),
      );
      expect(await world.my(user)).toHaveLength(15);
      if (transactionsOf(answers) > 1) return false;
      const told = answers.map(({ body }) => [body.openCount, body.remaining] as [number, number]);
      expect(told.sort(([left], [right]) => left - right)).toEqual([
        [5, 15],
        [10, 10],
        [15, 5],
      ]);
      return true;
    });
  });

  it('refuses one, or fails for one, without the others', async () => {
    await world.sql(
      `CREATE FUNCTION refuse_jinx() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'jinxed' USING ERRCODE = 'XX000'; END $$;
       CREATE TRIGGER refuse_jinx BEFORE UPDATE ON item_states
         FOR EACH ROW WHEN (NEW.assigned_to = 'jinx') EXECUTE FUNCTION refuse_jinx()`,
    );
    const dataset = await filled(30);
    const answers = await whileBusy(() => [
      world.selfServe(unique('ann'), 5, { datasets: [dataset] }),
      world.selfServe(unique('ben'), 5, { datasets: [dataset, 'nowhere'] }),
      world.selfServe('jinx', 5, { datasets: [dataset] }),
      world.selfServe(unique('cid'), 5, { datasets: [dataset] }),
    ]);
    await world.sql('DROP TRIGGER refuse_jinx ON item_states; DROP FUNCTION refuse_jinx()');
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 500, 200]);
    expect(answers[1]?.body.details).toMatchObject([{ field: 'datasets[1]', code: 'unknown_dataset' }]);
    expect(new Set([answers[0]!, answers[3]!].flatMap(idsOf)).size).toBe(10);
    expect(await world.my('jinx')).toEqual([]);
    await expectInvariants(world);
  });

  it('gives nobody what they skipped, and what one skipped to the others', async () => {
    const dataset = await filled(2);
    const [ann, ben] = [unique('ann'), unique('ben')];
    await world.selfServe(ann, 1, { datasets: [dataset] });
    const [skipped] = (await world.my(ann)) as [Row];
    await world.put(ann, skipped, { status: 'skipped' });
    const [hers, his] = (await whileBusy(() =>
      [ann, ben].map((user) => world.selfServe(user, 2, { datasets: [dataset] })),
    )) as [Answer, Answer];
    expect(idsOf(hers)).not.toContain(skipped.id);
    expect(idsOf(his)).toContain(skipped.id);
    expect(new Set([...idsOf(hers), ...idsOf(his)]).size).toBe(2);
    await expectInvariants(world);
  });

  it('makes nobody wait for a dataset whose policy is being changed but who asks for it', async () => {
    const [changed, other] = [await filled(20), await filled(20)];
    const client = new pg.Client({ connectionString: world.database.urlFor('assignment') });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(
        `SELECT pg_advisory_xact_lock(hashtext('dataset policy ' || current_schema()), id) FROM datasets WHERE name = $1`,
        [changed],
      );
      const waiting = ['eve', 'fay', 'gus'].map((user) =>
        world.selfServe(unique(user), 2, { datasets: [changed] }),
      );
      const { body } = await world.selfServe(unique('hal'), 2, { datasets: [other] });
      expect(body).toMatchObject({ assignedCount: 2, shortfall: null });
      await client.query('COMMIT');
      expect((await Promise.all(waiting)).map((answer) => answer.body.assignedCount as number)).toEqual([
        2, 2, 2,
      ]);
    } finally {
      await client.end();
    }
    await expectInvariants(world);
  });

  it('serves those alone that look at a dataset with a cap, exactly', async () => {
    const [plain, capped] = [await filled(20), unique('capped')];
    await world.call(`/v1/datasets/${capped}`, { method: 'PUT', body: { perUserCap: 3 } });
    await world.importItems(makeItems(capped, 20));
    const user = unique('dan');
    const answers = await whileBusy(() => [
      world.selfServe(user, 2, { datasets: [plain] }),
      world.selfServe(user, 2, { datasets: [capped] }),
      world.selfServe(user, 2, { datasets: [capped] }),
      world.selfServe(user, 2, { datasets: [plain] }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const held = await world.my(user);
    expect(held.filter((row) => row.dataset === capped)).toHaveLength(3);
    expect(held.filter((row) => row.dataset === plain)).toHaveLength(4);
    await expectInvariants(world);
  });
});
