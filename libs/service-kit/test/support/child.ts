import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { IDENTITY_HEADER, type Identity } from '@hornbook/contracts';
import {
  eventually,
  runProcess,
  testRabbitmq,
  type RunningProcess,
  type TestDatabase,
} from '@hornbook/testing';
import { IdentitySigner } from '../../src/index.js';
import { send, type Answer, type Sent } from './http.js';

/** The small services of `fixtures/lessons.ts`. */
export type SmallService = 'lessons' | 'shelf' | 'school';

/** A small service as a process of its own, as `main.ts` starts one. */
export interface Child extends RunningProcess {
  /** Its log so far, parsed; what is no JSON is left out. */
  log(): Record<string, unknown>[];
}

/** What it is started with. */
export interface ChildOptions {
  readonly database: TestDatabase;
  /** Prefix on the broker; services that talk to each other share it. */
  readonly namespace: string;
  /** Variables that differ; undefined leaves one out. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether to wait until it answers. Default true. */
  readonly untilReady?: boolean;
}

const folder = join(import.meta.dirname, '..');
const keys = await generateKeyPair('EdDSA', { extractable: true });
const kid = 'test';
const signer = await IdentitySigner.create({ ...(await exportJWK(keys.privateKey)), kid });
const publicKeys = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid }] });

/** Headers of an administrator's call, as the gateway sends it on. */
export async function asAdmin(): Promise<Record<string, string>> {
  const identity: Identity = { sub: 'ada', owner: 'ada', roles: ['admin'], scopes: ['*'] };
  return { [IDENTITY_HEADER]: await signer.sign(identity), 'content-type': 'application/json' };
}

/** Starts a small service from source. */
export async function startChild(service: SmallService, options: ChildOptions): Promise<Child> {
  const { database, namespace, env, untilReady = true } = options;
  const running = await runProcess({
    args: [
      '--import',
      join(folder, '../../../tools/test/typescript.mjs'),
      join(folder, 'fixtures/main.ts'),
      service,
    ],
    env: {
      // Jest's own options are nothing to a service.
      NODE_OPTIONS: '--enable-source-maps',
      PORT: '0',
      LOG_LEVEL: 'debug',
      DATABASE_URL: database.urlFor(`test-${service}`),
      RABBITMQ_URL: testRabbitmq().url,
      MESSAGING_NAMESPACE: namespace,
      IDENTITY_PUBLIC_KEYS: publicKeys,
      ...env,
    },
    ...(untilReady ? { ready: { log: /"msg":"ready"/ } } : {}),
  });
  return { ...running, log: () => parsed(running.output()) };
}

/** Address of a child that is ready. */
export function urlOf(child: Child): string {
  return String(child.log().find(({ msg }) => msg === 'ready')?.['url']);
}

/** Has a child that is ready write a lesson. */
export async function writeLesson(child: Child, title: string, sent: Sent = {}): Promise<Answer> {
  const headers = { ...(await asAdmin()), ...sent.headers };
  return send(urlOf(child), '/lessons', {
    ...sent,
    method: 'POST',
    headers,
    body: JSON.stringify({ title }),
  });
}

/** Resolves once the log has that line. */
export function saying(child: Child, msg: string): Promise<Record<string, unknown>> {
  return eventually(() => child.log().find((line) => line['msg'] === msg) ?? false, { description: msg });
}

function parsed(output: string): Record<string, unknown>[] {
  return output.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [];
    } catch {
      // The last line may be half there.
      return [];
    }
  });
}
