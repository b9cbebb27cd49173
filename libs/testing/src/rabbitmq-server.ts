import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { greetsAmqp } from './amqp-greeting.js';
import { findRabbitmq } from './find-rabbitmq.js';
import { startOwnedProcess, type OwnedProcess } from './owned-process.js';
import { freePort } from './ports.js';
import { startDockerRabbitmq } from './rabbitmq-docker.js';

/** Where to run a private RabbitMQ node. */
export interface RabbitmqOptions {
  /** The node's own folder; data already in it are used again. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Told what is being done when that takes long (an installation). */
  readonly say?: (line: string) => void;
}

/** A private RabbitMQ node on the loopback interface. */
export interface RabbitmqServer {
  /** `amqp://` URL with a random user's password, virtual host `/`. It stays the same over restarts and `wipe`. */
  readonly url: string;
  readonly port: number;
  /** Process id of the Erlang VM, of the last one when stopped. */
  readonly pid: number;
  /** Signals the Erlang VM itself and waits for its end; SIGTERM is an orderly shutdown. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data, after an orderly shutdown when it still runs. */
  restart(): Promise<void>;
  /** Removes every queue, exchange and message. Only while stopped or killed; `restart()` then starts empty. */
  wipe(): Promise<void>;
  /** Orderly shutdown. The data stay. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 20_000;
const EPMD_KILL_REQUEST = Buffer.from([0, 1, 'k'.charCodeAt(0)]);

/**
 * Starts a private node from the program found on this machine, installed from Debian's package first when we may, or
 * in Docker where an engine answers.
 * @throws Error saying how to get RabbitMQ when there is no way
 */
export async function startRabbitmq(options: RabbitmqOptions): Promise<RabbitmqServer> {
  const found = await findRabbitmq(options.say);
  const port = options.port ?? (await freePort());
  if (found.kind === 'docker') return startDockerRabbitmq(found.command, port);
  const node = await prepare(found.command, options.dataDir, port);
  let vm = await launch(node);
  const stop = async (): Promise<void> => {
    await vm.end('SIGTERM', STOP_GRACE_MS);
    await stopEpmd(node.epmdPort);
  };
  return {
    url: node.url,
    port,
    get pid() {
      return vm.pid;
    },
    async kill(signal) {
      vm.kill(signal);
      await vm.exited;
      await stopEpmd(node.epmdPort);
    },
    async restart() {
      if (vm.isRunning()) await stop();
      vm = await launch(node);
    },
    async wipe() {
      if (vm.isRunning()) throw new Error('wipe() needs the node stopped: call kill() or stop() first');
      await rm(join(node.folder, 'mnesia'), { recursive: true, force: true });
    },
    stop,
  };
}

interface Node {
  readonly command: string;
  readonly folder: string;
  readonly port: number;
  readonly epmdPort: number;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
}

async function prepare(command: string, folder: string, port: number): Promise<Node> {
  for (const name of ['', 'mnesia', 'log', 'home']) await mkdir(join(folder, name), { recursive: true });
  const password = await passwordOf(folder);
  const [epmdPort, distributionPort] = [await freePort(), await freePort()];
  await writeFile(join(folder, 'rabbitmq.conf'), configuration(port, password));
  await writeFile(join(folder, 'enabled_plugins'), '[].\n');
  await writeFile(join(folder, 'empty.conf'), '');
  return {
    command,
    folder,
    port,
    epmdPort,
    url: `amqp://hornbook:${password}@127.0.0.1:${port}`,
    env: {
      ...environmentWithout(/^(RABBITMQ_|ERL_)/),
      HOME: join(folder, 'home'),
      // The node's data carry its name, so it is the same for the same folder.
      RABBITMQ_NODENAME: 'hornbook@localhost',
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      // The machine's own settings must not leak in.
      RABBITMQ_CONF_ENV_FILE: join(folder, 'empty.conf'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'none'),
      // Without the shell wrapper in between, our child is the Erlang VM: signals and the process id are its own.
      RABBITMQ_ALLOW_INPUT: '1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      // A name server of its own for each node: nodes of the same name never meet.
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    },
  };
}

function configuration(port: number, password: string): string {
  return [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'default_user = hornbook',
    `default_pass = ${password}`,
    // By default a broker blocks its publishers on a machine whose disk is nearly full; its data here are tiny.
    'disk_free_limit.absolute = 50MB',
    '',
  ].join('\n');
}

async function passwordOf(folder: string): Promise<string> {
  const file = join(folder, 'password');
  if (!existsSync(file)) await writeFile(file, randomBytes(18).toString('hex'), { mode: 0o600 });
  return (await readFile(file, 'utf8')).trim();
}

function environmentWithout(names: RegExp): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.test(name)));
}

async function launch(node: Node): Promise<OwnedProcess> {
  const log = await open(join(node.folder, 'log', 'console.log'), 'w');
  const vm = await startOwnedProcess({
    command: node.command,
    args: ['-noinput'],
    cwd: node.folder,
    env: node.env,
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (vm.isRunning() && Date.now() < deadline) {
    if (await greetsAmqp(node.port)) return vm;
    await sleep(100);
  }
  await vm.end('SIGKILL');
  await stopEpmd(node.epmdPort);
  const output = await readFile(join(node.folder, 'log', 'console.log'), 'utf8');
  throw new Error(`RabbitMQ did not start. The end of its output:\n${output.split('\n').slice(-20).join('\n')}`);
}

/** The VM starts the name server as a daemon and leaves it behind; it ends itself when asked and no node is left. */
async function stopEpmd(port: number): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await askEpmdToEnd(port)) !== 'NO') return;
    // The dead node is still listed for a moment.
    await sleep(50);
  }
}

function askEpmdToEnd(port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    socket.on('error', () => {
      // Already gone.
    });
    socket.on('close', () => {
      resolve(answer);
    });
    socket.write(EPMD_KILL_REQUEST);
  });
}
