import { createConnection } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { eventually } from './eventually.js';
import { findProgram } from './find-program.js';
import { startOwnedProcess } from './owned-process.js';
import { freePort } from './ports.js';

/** A private Redis on the loopback interface; it keeps nothing on disk. */
export interface RedisServer {
  /** `redis://` URL with a random password. */
  readonly url: string;
  readonly port: number;
  /** Process id of the running server, of the last one when stopped. */
  readonly pid: number;
  /** Signals the server and waits for its end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a private Redis from the program on this machine.
 * @throws Error saying how to get it when there is none
 */
export async function startRedis({
  dataDir,
  port,
}: {
  dataDir: string;
  port?: number;
}): Promise<RedisServer> {
  const command = findProgram('redis-server', 'redis-server');
  await mkdir(dataDir, { recursive: true });
  const chosenPort = port ?? (await freePort());
  const password = randomBytes(18).toString('hex');
  const settings = {
    bind: '127.0.0.1',
    port: String(chosenPort),
    dir: dataDir,
    save: '',
    appendonly: 'no',
    requirepass: password,
  };
  const launch = async () => {
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    const started = await startOwnedProcess({ command, args, cwd: '/' });
    await eventually(() => answersPing(chosenPort, password), { description: 'Redis to answer' });
    return started;
  };
  let server = await launch();
  const stop = async (): Promise<void> => {
    await server.end('SIGTERM');
  };
  return {
    url: `redis://:${password}@127.0.0.1:${chosenPort}`,
    port: chosenPort,
    get pid() {
      return server.pid;
    },
    async kill(signal) {
      server.kill(signal);
      await server.exited;
    },
    async restart() {
      await stop();
      server = await launch();
    },
    stop,
  };
}

function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    let answer = '';
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
      if (answer.includes('+PONG') || answer.includes('-')) socket.destroy();
    });
    socket.on('error', () => {
      // Not up yet.
    });
    socket.on('close', () => {
      resolve(answer.includes('+PONG'));
    });
    socket.write(`AUTH ${password}\r\nPING\r\n`);
  });
}
