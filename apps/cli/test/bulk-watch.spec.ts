import { eventually } from '@hornbook/testing';
import { hornbook, type Ran } from './support/command-line.js';
import { problem, startScriptedGateway, type ScriptedGateway } from './support/scripted-gateway.js';
import { halfway, statusAnswer } from './support/tasks.js';

const STATUS = 'GET /bulk/status/task-1';

describe('hornbook bulk watch', () => {
  let gateway: ScriptedGateway;
  beforeEach(async () => {
    gateway = await startScriptedGateway();
  });
  afterEach(() => gateway.close());

  const watch = (isTerminal = false): Promise<Ran> =>
    hornbook(['bulk', 'watch', 'task-1'], { gateway: gateway.url, isTerminal });

  it('asks at once, and then waits for another version than the one it has', async () => {
    const first = statusAnswer(halfway);
    gateway.on(STATUS, first, { status: 304 }, statusAnswer());

    await watch();

    expect(gateway.heard.map(({ query }) => query['wait'])).toEqual(['0', '20', '20']);
    expect(gateway.heard.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      first.headers?.['etag'],
      first.headers?.['etag'],
    ]);
  });

  it('without a terminal writes a plain line for every change of status and nothing in between', async () => {
    gateway.on(STATUS, statusAnswer(halfway), statusAnswer(halfway), statusAnswer(halfway), statusAnswer());

    const { err } = await watch();

    expect(err).toBe('STARTED  50 %  5/10  100/s  1 min 5 s left\nSUCCESS  100 %  10/10  1,000/s\n');
  });

  it('on a terminal draws one line over and over, no wider than the terminal, and takes it away', async () => {
    gateway.on(STATUS, statusAnswer(halfway), statusAnswer());

    const { err, out } = await watch(true);

    const lines = err.split('\r\u001b[2K');
    expect(lines[1]).toMatch(/^\[#+\.+\] started {2}50 % {2}5\/10 {2}100\/s {2}1 min 5 s left$/);
    expect(lines[2]).toMatch(/^\[#+\] success {2}100 %/);
    expect(lines.every((text) => text.length < 80)).toBe(true);
    expect(lines.at(-1)).toBe('');
    expect(out).toContain('SUCCESS  task task-1');
  });

  it('goes on when the platform is away for a moment, and says so once', async () => {
    gateway.on(
      STATUS,
      statusAnswer(halfway),
      { hangUp: true },
      problem(503, 'service_unavailable', 'Not now'),
      statusAnswer(),
    );

    const { code, err } = await watch();

    expect(code).toBe(0);
    expect(err.match(/trying again/g)).toHaveLength(1);
  });

  it.each([404, 410, 403])('gives up at once when the platform says %i', async (status) => {
    gateway.on(STATUS, problem(status, 'some_code', 'No such task'));

    const { code, err } = await watch();

    expect(code).toBe(1);
    expect(err).toContain(`${status} some_code: No such task`);
    expect(gateway.heard).toHaveLength(1);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends the watching with %i, and the task goes on', async (signal, code) => {
    gateway.on(STATUS, statusAnswer(halfway), () => new Promise(() => undefined));
    const watching = watch();
    await eventually(() => gateway.heard.length === 2, { description: 'the second look' });

    process.emit(signal);

    expect(await watching).toMatchObject({
      code,
      err: expect.stringContaining('The task goes on. Watch it: hornbook bulk watch task-1'),
    });
    expect(gateway.heard.every(({ method }) => method === 'GET')).toBe(true);
    expect(process.listenerCount(signal)).toBe(0);
  });
});

describe('hornbook bulk cancel and resume', () => {
  let gateway: ScriptedGateway;
  beforeEach(async () => {
    gateway = await startScriptedGateway();
  });
  afterEach(() => gateway.close());

  const bulk = (...args: string[]): Promise<Ran> => hornbook(['bulk', ...args], { gateway: gateway.url });

  it('cancel --watch waits until it has stopped', async () => {
    gateway.on('DELETE /bulk/tasks/task-1', { status: 202, body: statusAnswer(halfway).body });
    gateway.on(STATUS, statusAnswer(halfway), statusAnswer({ status: 'REVOKED' }));

    expect(await bulk('cancel', 'task-1', '--watch')).toMatchObject({
      code: 0,
      out: 'Task task-1 is cancelled.\n',
    });
  });

  it('cancel says when it came too late', async () => {
    gateway.on('DELETE /bulk/tasks/task-1', { status: 202, body: statusAnswer(halfway).body });
    gateway.on(STATUS, statusAnswer());

    expect(await bulk('cancel', 'task-1', '--watch')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Too late: task task-1 has ended as SUCCESS'),
    });
  });

  it('resume --watch ends with the outcome of what goes on', async () => {
    gateway.on('POST /bulk/tasks/task-1/resume', { status: 202, body: statusAnswer(halfway).body });
    gateway.on(STATUS, statusAnswer(halfway), statusAnswer({ status: 'FAILURE', error: 'Broken again' }));

    expect(await bulk('resume', 'task-1', '--watch')).toMatchObject({
      code: 4,
      err: expect.stringContaining('Broken again'),
    });
  });

  it.each(['import', 'export', 'errors', 'watch', 'cancel', 'resume'])(
    '%s --help tells the exit codes',
    async (name) => {
      const { code, out } = await bulk(name, '--help');

      expect(code).toBe(0);
      expect(out).toContain(
        'Exit codes: 0 done; 1 refused, or not reachable; 2 wrong usage; 3 some rows failed',
      );
    },
  );

  it('an id cannot lead to another path', async () => {
    await bulk('cancel', '../../v1/api-keys?');

    expect(gateway.heard[0]?.path).toBe('/bulk/tasks/..%2F..%2Fv1%2Fapi-keys%3F');
  });
});
