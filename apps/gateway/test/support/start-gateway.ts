import { generateKeyPairSync } from 'node:crypto';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bootstrap, IdentityVerifier, type RunningService } from '@hornbook/service-kit';
import type { TestDatabase } from '@hornbook/testing';
import { gateway } from '@hornbook/gateway';
import { JWT_SECRET } from './tokens.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const kid = 'test-key';

/** What services behind a gateway of these tests check identity tokens with. */
export const identityVerifier = new IdentityVerifier({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid }],
});

/** A gateway under test. */
export interface TestGateway extends RunningService<unknown> {
  /** Log lines so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
}

/** A port where nobody listens: port 1 needs rights that no test has. */
export const NOWHERE = 'http://127.0.0.1:1';

const openApiFile = fileURLToPath(new URL('../fixtures/openapi.json', import.meta.url));

/** Starts a gateway. @param env variables that differ from a small default set-up */
export async function startGateway(
  database: TestDatabase,
  env: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const log: Record<string, unknown>[] = [];
  const logTo = new Writable({
    write(line: Buffer, _encoding, done) {
      for (const text of line.toString().split('\n'))
        if (text !== '') log.push(JSON.parse(text) as Record<string, unknown>);
      done();
    },
  });
  const running = await bootstrap(gateway, {
    embedded: true,
    logTo,
    env: {
      PORT: '0',
      DATABASE_URL: database.urlFor('gateway'),
      CONTENT_IMPORT_URL: NOWHERE,
      ASSIGNMENT_URL: NOWHERE,
      CARD_BULK_URL: NOWHERE,
      EXPORTER_URL: NOWHERE,
      AUTH_JWT_SECRET: JWT_SECRET,
      IDENTITY_PRIVATE_KEY: JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }),
      OPENAPI_FILE: openApiFile,
      ...env,
    },
  });
  return { ...running, log };
}
