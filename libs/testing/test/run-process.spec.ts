import { join } from 'node:path';
import { eventually, expectNoLeaks, freePort, liveOwnProcesses, runProcess } from '@hornbook/testing';

const script = (code: string): string[] => ['-e', code];
const forever = 'setInterval(() => {}, 1000);';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return true;
}

describe('runProcess', () => {
  afterAll(() => expectNoLeaks());

  test('is ready once the log line has come, and keeps the output', async () => {
    const running = await runProcess({
      args: script(`console.log('starting'); setTimeout(() => console.log('ready on 7'), 50); ${forever}`),
      ready: { log: /ready on \d/ },
    });
    expect(running.output()).toMatch(/starting[^]*ready on 7/);
    expect(await running.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('is ready once its URL answers 200', async () => {
    const port = await freePort();
    const server = `let n = 0; require('http').createServer((_, res) => { res.statusCode = ++n < 3 ? 503 : 200; res.end(); }).listen(${port}, '127.0.0.1');`;
    const running = await runProcess({ args: script(server), ready: { url: `http://127.0.0.1:${port}/` } });
    await running.stop();
  });

  test('fails with the output when the process ends instead', async () => {
    const running = runProcess({
      args: script(`console.log('no configuration'); process.exit(3)`),
      ready: { log: /ready/ },
    });
    await expect(running).rejects.toThrow(/ended before output matching \/ready\/[^]*no configuration/);
  });

  test('fails with the output, and leaves nothing behind, when the process is never ready', async () => {
    const running = runProcess({
      args: script(`console.log('thinking'); ${forever}`),
      ready: { log: /ready/ },
      timeoutMs: 3_000,
    });
    await expect(running).rejects.toThrow(/no output matching \/ready\/ within 3000 ms[^]*thinking/);
    expect(liveOwnProcesses()).toEqual([]);
  });

  test('is killed by its process id, and the variables it gets are ours and the given ones', async () => {
    const running = await runProcess({
      args: script(`console.log(process.pid, process.env.COLOUR, !!process.env.PATH); ${forever}`),
      env: { COLOUR: 'blue' },
      ready: { log: /true/ },
    });
    expect(running.output().trim()).toBe(`${running.pid} blue true`);
    running.kill('SIGKILL');
    expect(await running.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('a process that ignores SIGTERM is killed after the grace period', async () => {
    const running = await runProcess({
      args: script(`process.on('SIGTERM', () => {}); console.log('up'); ${forever}`),
      ready: { log: /up/ },
    });
    expect(await running.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('a process that still runs is a leak, told once: the next file starts without it', async () => {
    const running = await runProcess({ args: script(forever) });
    await expect(expectNoLeaks({ timeoutMs: 100 })).rejects.toThrow(`process ${running.pid} `);
    expect(await running.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await expectNoLeaks();
  });

  test('ends with its owner, even when that one is killed', async () => {
    const library = join(import.meta.dirname, '..', 'dist', 'index.js');
    const owner = await runProcess({
      args: [
        '--input-type=module',
        ...script(
          `const { runProcess } = await import(${JSON.stringify(library)});
         const child = await runProcess({ args: ['-e', ${JSON.stringify(forever)}] });
         console.log('child', child.pid);`,
        ),
      ],
      ready: { log: /child \d+/ },
    });
    const child = Number(/child (\d+)/.exec(owner.output())?.[1]);
    expect(isAlive(child)).toBe(true);
    owner.kill('SIGKILL');
    await eventually(() => !isAlive(child));
  });
});
