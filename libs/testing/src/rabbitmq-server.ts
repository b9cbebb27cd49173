import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { greetsAmqp } from './amqp-greeting.js';
import { startEpmd } from './epmd.js';
import { eventually } from './eventually.js';
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
// RabbitMQ before 3.13.3 writes the register of its quorum queues to disk half a second late
// (https://github.com/rabbitmq/ra/pull/443): a queue whose declaration a kill overtakes refuses every message ever
// after. Tests declare and kill at once, so a kill asks the VM to write them first: it makes a file, and the VM removes
// that once it has. The start script splits arguments at blanks and takes quotes away: the expression has neither, and
// the file's path comes in the environment.
const SYNC_REQUEST = 'sync_request';
const SYNC_REGISTERS = [
  'L=fun(M,F)->',
  'case(filelib:is_file(F))of(true)->[catch(dets:sync(T))||T<-dets:all()],file:delete(F);(_)->(ok)end,',
  'timer:sleep(25),M(M,F)end,',
  `spawn(fun()->L(L,os:getenv(atom_to_list(${SYNC_REQUEST})))end).`,
].join('');

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
  let { vm, epmd } = await launch(node);
  const stop = async (): Promise<void> => {
    await vm.end('SIGTERM', STOP_GRACE_MS);
    await epmd?.end('SIGTERM');
  };
  return {
    url: node.url,
    port,
    get pid() {
      return vm.pid;
    },
    async kill(signal) {
      if (signal === 'SIGKILL') await syncRegisters(node, vm);
      vm.kill(signal);
      await vm.exited;
      await epmd?.end('SIGTERM');
    },
    async restart() {
      if (vm.isRunning()) await stop();
      ({ vm, epmd } = await launch(node));
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
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} -eval ${SYNC_REGISTERS}`,
      [SYNC_REQUEST]: join(folder, SYNC_REQUEST),
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

async function syncRegisters(node: Node, vm: OwnedProcess): Promise<void> {
  const request = join(node.folder, SYNC_REQUEST);
  await writeFile(request, '');
  await eventually(() => !vm.isRunning() || !existsSync(request), {
    timeoutMs: START_TIMEOUT_MS,
    intervalMs: 10,
    description: "RabbitMQ's registers on disk",
  });
}

interface Launched {
  readonly vm: OwnedProcess;
  readonly epmd: OwnedProcess | undefined;
}

async function launch(node: Node): Promise<Launched> {
  const epmd = await startEpmd(node.epmdPort, node.env);
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
    if (await greetsAmqp(node.port)) return { vm, epmd };
    await sleep(100);
  }
  await vm.end('SIGKILL');
  await epmd?.end('SIGTERM');
  const output = await readFile(join(node.folder, 'log', 'console.log'), 'utf8');
  throw new Error(
    `RabbitMQ did not start. The end of its output:\n${output.split('\n').slice(-20).join('\n')}`,
  );
}
