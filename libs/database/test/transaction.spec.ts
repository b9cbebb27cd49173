import { createTestDatabase, eventually, expectNoLeaks, type TestDatabase } from '@hornbook/testing';
import {
  createDataSource,
  Database,
  isConnectionFailure,
  onCommit,
  queryRows,
  requireTransaction,
  type Tx,
} from '../src/index.js';

describe('a transaction', () => {
  let testDatabase: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase({ services: ['exporter'] });
    database = await open();
    await database.query('CREATE TABLE accounts (name text PRIMARY KEY, balance integer NOT NULL)');
  });

  afterAll(async () => {
    await database.close();
    await expectNoLeaks({ databases: [testDatabase] });
    await testDatabase.drop();
  });

  beforeEach(async () => {
    await database.query('TRUNCATE accounts');
    await database.query(`INSERT INTO accounts VALUES ('a', 0), ('b', 0)`);
  });

  async function open(applicationName = 'transaction-test'): Promise<Database> {
    const dataSource = createDataSource({
      url: testDatabase.urlFor('exporter'),
      schema: 'exporter',
      entities: [],
      migrations: [],
      applicationName,
    });
    await dataSource.initialize();
    return new Database(dataSource);
  }

  const add = (tx: Tx, name: string, amount: number): Promise<unknown> =>
    queryRows(tx, 'UPDATE accounts SET balance = balance + $2 WHERE name = $1', [name, amount]);

  async function balances(): Promise<Record<string, number>> {
    const rows = await database.query<{ name: string; balance: number }>(
      'SELECT name, balance FROM accounts',
    );
    return Object.fromEntries(rows.map(({ name, balance }) => [name, balance]));
  }

  /** Ends the backend that `tx` speaks to, as a failover does. */
  async function cut(tx: Tx): Promise<void> {
    const [row] = await queryRows<{ pid: number }>(tx, 'SELECT pg_backend_pid() AS pid');
    await database.query('SELECT pg_terminate_backend($1)', [row!.pid]);
    await eventually(() => tx.queryRunner!.isReleased, { description: 'the cut to be noticed' });
  }

  test('is committed with its answer, all of it', async () => {
    const answer = await database.transaction(async (tx) => {
      await add(tx, 'a', 1);
      await add(tx, 'b', -1);
      return 'moved';
    });
    expect(answer).toBe('moved');
    expect(await balances()).toEqual({ a: 1, b: -1 });
  });

  test('that fails leaves nothing behind, and its error comes through as it was', async () => {
    const reason = new Error('changed my mind');
    const failing = database.transaction(async (tx) => {
      await add(tx, 'a', 1);
      throw reason;
    });
    await expect(failing).rejects.toBe(reason);
    expect(await balances()).toEqual({ a: 0, b: 0 });
  });

  test('that meets a deadlock is tried again, and both get through', async () => {
    const bothHold = Promise.withResolvers<undefined>();
    let holding = 0;
    let tries = 0;
    const move = (from: string, to: string): Promise<void> =>
      database.transaction(async (tx) => {
        tries++;
        await add(tx, from, -1);
        if (++holding === 2) bothHold.resolve(undefined);
        await bothHold.promise;
        await add(tx, to, 1);
      });
    await Promise.all([move('a', 'b'), move('b', 'a')]);
    expect(tries).toBeGreaterThan(2);
    expect(await balances()).toEqual({ a: 0, b: 0 });
  });

  test('that cannot be serialized is tried again', async () => {
    let tries = 0;
    await database.transaction(async (tx) => {
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await queryRows(tx, 'SELECT * FROM accounts');
      if (++tries === 1) await database.query(`UPDATE accounts SET balance = 10 WHERE name = 'a'`);
      await add(tx, 'a', 1);
    });
    expect(tries).toBe(2);
    expect(await balances()).toEqual({ a: 11, b: 0 });
  });

  test('that never gets through is given up after four tries', async () => {
    let tries = 0;
    const failing = database.transaction(async (tx) => {
      tries++;
      await tx.query(`DO $$ BEGIN RAISE EXCEPTION 'always' USING ERRCODE = '40001'; END $$`);
    });
    await expect(failing).rejects.toThrow('always');
    expect(tries).toBe(4);
  });

  test.each([
    ['a fault of its own', `SELECT 1 / 0`],
    ['a constraint', `INSERT INTO accounts VALUES ('a', 0)`],
  ])('that fails by %s is not tried again', async (_, sql) => {
    let tries = 0;
    await expect(
      database.transaction(async (tx) => {
        tries++;
        await tx.query(sql);
      }),
    ).rejects.toThrow();
    expect(tries).toBe(1);
  });

  test('that loses its connection says so, whatever its next statement made of that', async () => {
    const failing = database.transaction(async (tx) => {
      await add(tx, 'a', 1);
      await cut(tx);
      await add(tx, 'b', -1);
    });
    const error: unknown = await failing.catch((thrown: unknown) => thrown);
    expect(isConnectionFailure(error)).toBe(true);
    expect(await balances()).toEqual({ a: 0, b: 0 });
  });

  test('that loses its connection does not pass for committed when its work goes on without it', async () => {
    const failing = database.transaction(async (tx) => {
      await add(tx, 'a', 1);
      await cut(tx);
      return 'done';
    });
    await expect(failing).rejects.toThrow();
    expect(await balances()).toEqual({ a: 0, b: 0 });
  });

  describe('has callbacks for its commit, which', () => {
    test('run once it is committed, and see its effect, in the order they were given', async () => {
      const seen: [string, boolean, Promise<Record<string, number>>?][] = [];
      let committed = false;
      await database.transaction(async (tx) => {
        await add(tx, 'a', 5);
        onCommit(tx, () => seen.push(['first', committed, balances()]));
        onCommit(tx, () => seen.push(['second', committed]));
        expect(await balances()).toEqual({ a: 0, b: 0 });
        committed = true;
      });
      expect(seen.map(([name, late]) => [name, late])).toEqual([
        ['first', true],
        ['second', true],
      ]);
      expect(await seen[0]![2]).toEqual({ a: 5, b: 0 });
    });

    test('never run when it fails', async () => {
      let ran = 0;
      const failing = database.transaction(async (tx) => {
        onCommit(tx, () => ran++);
        await tx.query('SELECT 1 / 0');
      });
      await expect(failing).rejects.toThrow('division by zero');
      expect(ran).toBe(0);
    });

    test('never run when the commit itself fails', async () => {
      await database.query(
        'CREATE TABLE pairs (left_of integer PRIMARY KEY, right_of integer REFERENCES pairs DEFERRABLE INITIALLY DEFERRED)',
      );
      let ran = 0;
      const failing = database.transaction(async (tx) => {
        onCommit(tx, () => ran++);
        await tx.query('INSERT INTO pairs VALUES (1, 2)');
      });
      await expect(failing).rejects.toThrow('foreign key');
      expect(ran).toBe(0);
    });

    test('run once when it needed a second try', async () => {
      let tries = 0;
      let ran = 0;
      await database.transaction(async (tx) => {
        onCommit(tx, () => ran++);
        if (++tries === 1) await tx.query(`DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = '40P01'; END $$`);
      });
      expect({ tries, ran }).toEqual({ tries: 2, ran: 1 });
    });

    test('cannot have the committed work done again, whatever they throw', async () => {
      const deadlock = Object.assign(new Error('deadlock elsewhere'), { code: '40P01' });
      const committed = database.transaction(async (tx) => {
        await add(tx, 'a', 1);
        onCommit(tx, () => {
          throw deadlock;
        });
      });
      await expect(committed).rejects.toBe(deadlock);
      expect(await balances()).toEqual({ a: 1, b: 0 });
    });
  });

  test.each([
    ['outside of any', () => database.dataSource.manager],
    [
      'after its end',
      async () => {
        let late: Tx | undefined;
        await database.transaction(async (tx) => {
          late = tx;
        });
        return late!;
      },
    ],
  ])('is demanded by name where one is needed and there is none: %s', async (_, manager) => {
    const tx = await manager();
    const demand =
      'Outbox.publish needs an open transaction: call it inside database.transaction(async (tx) => …) with that tx';
    expect(() => requireTransaction(tx, 'Outbox.publish')).toThrow(demand);
    expect(() => onCommit(tx, () => undefined)).toThrow(/^onCommit needs an open transaction/);
  });

  test('gives rows as rows, whatever the statement', async () => {
    await database.transaction(async (tx) => {
      expect(await queryRows(tx, `SELECT name FROM accounts WHERE name = 'a'`)).toEqual([{ name: 'a' }]);
      expect(await queryRows(tx, `UPDATE accounts SET balance = 3 RETURNING name, balance`)).toHaveLength(2);
      expect(await queryRows(tx, `UPDATE accounts SET balance = 4`)).toEqual([]);
      expect(await queryRows(tx, `INSERT INTO accounts VALUES ('c', 1) RETURNING name`)).toEqual([
        { name: 'c' },
      ]);
      expect(await queryRows(tx, `DELETE FROM accounts WHERE name = 'c' RETURNING balance`)).toEqual([
        { balance: 1 },
      ]);
      expect(await queryRows(tx, `DELETE FROM accounts WHERE name = 'none' RETURNING balance`)).toEqual([]);
      expect(await queryRows(tx, `SELECT name FROM accounts WHERE name = 'none'`)).toEqual([]);
    });
  });

  test('that runs when the pool is closed is finished first', async () => {
    const other = await open('closing-test');
    const inHand = Promise.withResolvers<undefined>();
    const work = other.transaction(async (tx) => {
      await add(tx, 'a', 1);
      inHand.resolve(undefined);
      await tx.query('SELECT pg_sleep(0.3)');
      await add(tx, 'b', 1);
    });
    await inHand.promise;
    await Promise.all([work, other.close()]);
    expect(await balances()).toEqual({ a: 1, b: 1 });
    await other.close();
  });

  test('knows no statement longer than the limit', async () => {
    const dataSource = createDataSource({
      url: testDatabase.urlFor('exporter'),
      schema: 'exporter',
      entities: [],
      migrations: [],
      applicationName: 'impatient',
      statementTimeoutMs: 50,
    });
    await dataSource.initialize();
    await expect(new Database(dataSource).query('SELECT pg_sleep(5)')).rejects.toThrow('statement timeout');
    await dataSource.destroy();
  });
});
