import { createServer, request as httpRequest } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { eventually } from '@hornbook/testing';
import { useCaseFlow } from '../../apps/assignment/test/support/use-case-flow.js';
import {
  makeItems,
  pathOf,
  startWorld,
  unique,
  type Row,
  type World,
} from '../../apps/assignment/test/support/world.js';
import { openAssignmentDoor, publicKeys, type AssignmentDoor } from './support/gateway.ts';

let door: AssignmentDoor;

/** Two copies of assignment behind a gateway, which knows callers by `X-User-Id` as seed 003 sends it. */
const startBehindGateway = (): Promise<World> =>
  startWorld({
    replicas: 2,
    env: { IDENTITY_PUBLIC_KEYS: publicKeys },
    openDoor: async (urls) => (door = await openAssignmentDoor(urls)),
  });

describe('the use-case flow of seed 003, through the gateway', () => {
  useCaseFlow(startBehindGateway);
});

describe('ground truths, through the gateway', () => {
  let world: World;
  beforeAll(async () => {
    world = await startBehindGateway();
  });
  afterAll(() => world.stop());

  /** A caller who only reviews. */
  const reviewer = (sub: string) => ({ as: { sub, roles: ['reviewer' as const] } });
  const filled = async (count: number): Promise<string> => {
    const dataset = unique('gateway');
    const { body } = await world.importItems(makeItems(dataset, count));
    expect(body.imported).toBe(count);
    return dataset;
  };
  /** One item in the hands of a user. */
  const held = async (user: string): Promise<Row> => {
    const dataset = await filled(1);
    const { body } = await world.selfServe(user, 1, { datasets: [dataset] }, reviewer(user));
    return body.assigned[0] as Row;
  };
  const versionOf = async (row: Row): Promise<number> => {
    const [{ version } = { version: 0 }] = await world.sql<{ version: number }>(
      'SELECT version FROM item_states JOIN items ON pk = item_pk WHERE id = $1',
      [row.id],
    );
    return version;
  };

  it.each([
    ['one user', () => Array<string>(64).fill(unique('one'))],
    ['64 users', () => Array.from({ length: 64 }, () => unique('client'))],
  ])('64 clients of %s empty a dataset: each item is handed out once, and none is left', async (_, users) => {
    const dataset = await filled(1_000);
    const rounds = await Promise.all(
      users().map(async (user) => {
        const ids: string[] = [];
        for (let got = 1; got > 0;) {
          const { status, body } = await world.selfServe(user, 7, { datasets: [dataset] }, reviewer(user));
          expect(status).toBe(200);
          got = body.assignedCount as number;
          ids.push(...(body.assigned as Row[]).map(({ id }) => id));
        }
        return ids;
      }),
    );
    const ids = rounds.flat();
    expect([ids.length, new Set(ids).size]).toEqual([1_000, 1_000]);
    const [left] = await world.sql(
      `SELECT count(*)::integer AS count FROM item_states s JOIN datasets d ON d.id = s.dataset_id
       WHERE d.name = $1 AND assigned_to IS NULL`,
      [dataset],
    );
    expect(left).toEqual({ count: 0 });
    expect(door.given.every((connections) => connections > 0)).toBe(true);
  });

  it('two calls of one user at once add up, and both say what they got', async () => {
    const dataset = await filled(50);
    const user = unique('alice');
    const answers = await Promise.all([
      world.selfServe(user, 20, { datasets: [dataset] }),
      world.selfServe(user, 20, { datasets: [dataset] }),
    ]);
    expect(answers.map(({ body }) => body.assignedCount as number)).toEqual([20, 20]);
    expect(await world.my(user)).toHaveLength(40);
  });

  it('the entity tag is strong, and the same in header and body, whatever encoding the client would take', async () => {
    const user = unique('alice');
    const row = await held(user);
    for (const encoding of ['identity', 'gzip', 'br', 'zstd, gzip;q=0.5']) {
      const { headers, body } = await world.call(pathOf(row, 'ground-truths'), {
        headers: { 'accept-encoding': encoding },
      });
      expect([headers.get('etag'), body.etag]).toEqual([row.etag, row.etag]);
      expect(row.etag).toMatch(/^"[^"]+"$/);
    }
    const saved = await world.put(user, row, { comment: 'Noted' }, reviewer(user));
    expect([saved.status, saved.headers.get('etag')]).toEqual([200, saved.body.etag]);
    expect(saved.body.etag).not.toBe(row.etag);
  });

  it('behind a proxy that compresses, and weakens the header as nginx does, the tag of the body still does', async () => {
    const user = unique('alice');
    const row = await held(user);
    const proxy = await compressingProxy(door.url);
    try {
      const url = `${proxy.url}${pathOf(row)}`;
      const headers = {
        ...door.headersOf({ sub: user, roles: ['reviewer'] }),
        'content-type': 'application/json',
      };
      const put = async (tag: string, comment: string) => {
        const response = await fetch(url, {
          method: 'PUT',
          headers: { ...headers, 'if-match': tag },
          body: JSON.stringify({ comment }),
        });
        return { response, body: (await response.json()) as { etag: string; comment?: string } };
      };
      const first = await put(row.etag, 'One');
      expect([first.response.status, first.response.headers.get('content-encoding')]).toEqual([200, 'gzip']);
      const weakened = first.response.headers.get('etag');
      expect(weakened).toBe(`W/${first.body.etag}`);
      // A weak tag never matches (RFC 9110, section 13.1.1): nothing is overwritten by it.
      expect((await put(weakened ?? '', 'Two')).response.status).toBe(412);
      expect((await put(first.body.etag, 'Three')).body.comment).toBe('Three');
    } finally {
      await proxy.close();
    }
  });

  it('a change sent again after its answer was lost is a 200 with the same version', async () => {
    const user = unique('alice');
    const row = await held(user);
    const change = { approve: true, answer: 'As found in the handbook.' };
    const before = await versionOf(row);
    const cut = sendAndNeverRead(door.url, 'PUT', pathOf(row), change, {
      ...door.headersOf({ sub: user, roles: ['reviewer'] }),
      'if-match': row.etag,
    });
    await eventually(async () => (await versionOf(row)) === before + 1);
    cut();

    const again = await world.put(user, row, change, reviewer(user));

    expect([again.status, again.body.status]).toEqual([200, 'approved']);
    expect(again.headers.get('etag')).toBe(`"${before + 1}"`);
    expect(await versionOf(row)).toBe(before + 1);
    const other = await world.put(user, row, { ...change, answer: 'Otherwise.' }, reviewer(user));
    expect([other.status, other.body.code]).toEqual([403, 'ASSIGNMENT_OWNERSHIP']);
  });

  it('refuses in order: 401 nobody, 404 unknown, 403 not yours, 428 no If-Match, 412 a stale one', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')] as const;
    const row = await held(alice);
    const stale = { 'If-Match': '"999"' };
    const answers = [
      await world.put(alice, row, {}, { as: null, headers: stale }),
      await world.put(bob, { ...row, id: unique('nothing') }, { approve: true }, { headers: stale }),
      await world.put(bob, row, { approve: true }, { headers: stale }),
      await world.put(bob, row, { approve: true }, { ...reviewer(bob), headers: {} }),
      await world.put(alice, row, { approve: true }, { headers: {} }),
      await world.put(alice, row, { approve: true }, { headers: stale }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code as string])).toEqual([
      [401, 'unauthenticated'],
      [404, 'not_found'],
      [403, 'ASSIGNMENT_OWNERSHIP'],
      [403, 'ASSIGNMENT_OWNERSHIP'],
      [428, 'precondition_required'],
      [412, 'precondition_failed'],
    ]);
    expect(answers.at(-1)?.body).toMatchObject({
      current: { etag: row.etag, status: 'draft', updatedBy: alice },
    });
    for (const { headers } of answers) expect(headers.get('content-type')).toContain('problem+json');
    expect(await versionOf(row)).toBe(Number(JSON.parse(row.etag)));
  });

  it('of 16 changes of one version at once, one wins; the others learn the version that did', async () => {
    const user = unique('alice');
    const row = await held(user);
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => world.put(user, row, { comment: `Number ${index}` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(15).fill(412)]);
    const won = answers.find(({ status }) => status === 200);
    for (const { body } of answers.filter(({ status }) => status === 412))
      expect(body.current).toMatchObject({ etag: won?.body.etag, updatedBy: user });
  });
});

/** Sends a request whose answer is never read. @returns cuts the connection */
function sendAndNeverRead(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): () => void {
  const { hostname, port } = new URL(url);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    host: hostname,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
  }).map(([name, value]) => `${name}: ${value}`);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.pause();
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
  return () => socket.destroy();
}

/** A proxy that does with answers what nginx does with `gzip on`: compresses them and makes their entity tags weak. */
async function compressingProxy(target: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const onward = httpRequest(`${target}${incoming.url ?? ''}`, {
      method: incoming.method,
      headers: incoming.headers,
    });
    onward.on('response', (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const { etag, 'content-length': _, 'transfer-encoding': __, ...kept } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, {
          ...kept,
          'content-encoding': 'gzip',
          ...(etag === undefined ? {} : { etag: `W/${etag}` }),
        });
        outgoing.end(gzipSync(Buffer.concat(parts)));
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
