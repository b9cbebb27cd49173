import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { canInstallPackages, installPackage, lookUpProgram } from './find-program.js';

const run = promisify(execFile);

/** How RabbitMQ can be run on this machine. */
export interface FoundRabbitmq {
  readonly kind: 'program' | 'docker';
  /** Path of `rabbitmq-server`, or of `docker`. */
  readonly command: string;
}

/** RabbitMQ cannot be had on this machine; the message says what to do. */
export class NoRabbitmqError extends Error {
  constructor(options?: ErrorOptions) {
    super(
      'No RabbitMQ found. Give the URL of one as HORNBOOK_TEST_RABBITMQ_URL, or install it ' +
        '(Debian, Ubuntu: apt-get install rabbitmq-server; macOS: brew install rabbitmq), or start Docker.',
      options,
    );
  }
}

/**
 * Looks for the server's program, then (as root on Debian or Ubuntu) installs the package, then asks Docker.
 * @throws NoRabbitmqError
 */
export async function findRabbitmq(say: (line: string) => void = () => undefined): Promise<FoundRabbitmq> {
  let cause: unknown;
  const found = findServer();
  if (found) return { kind: 'program', command: found };
  if (canInstallPackages()) {
    say('installing the package rabbitmq-server');
    try {
      await installPackage('rabbitmq-server');
    } catch (error) {
      cause = error;
    }
    const installed = findServer();
    if (installed) return { kind: 'program', command: installed };
  }
  const docker = await answeringDocker();
  if (docker) return { kind: 'docker', command: docker };
  throw new NoRabbitmqError({ cause });
}

function findServer(): string | undefined {
  // First the program itself: Debian's wrapper of the same name in /usr/sbin switches the user, who cannot write to
  // the node's folder.
  const homes = [
    '/usr/lib/rabbitmq/bin',
    '/opt/rabbitmq/sbin',
    '/usr/local/opt/rabbitmq/sbin',
    '/opt/homebrew/opt/rabbitmq/sbin',
  ];
  return lookUpProgram('rabbitmq-server', [...homes, ...versionedHomes('/usr/lib/rabbitmq/lib')]);
}

function versionedHomes(parent: string): string[] {
  try {
    return readdirSync(parent).map((name) => `${parent}/${name}/sbin`);
  } catch {
    return [];
  }
}

async function answeringDocker(): Promise<string | undefined> {
  const docker = lookUpProgram('docker');
  if (!docker) return undefined;
  try {
    await run(docker, ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
    return docker;
  } catch {
    return undefined;
  }
}
