import { IDENTITY_HEADER, type Identity } from '@hornbook/contracts';
import { bootstrap, IdentitySigner, type RunningService } from '@hornbook/service-kit';
import {
  createTestDatabase,
  eventually,
  expectNoLeaks,
  testRabbitmq,
  type TestDatabase,
} from '@hornbook/testing';
import { exportJWK, generateKeyPair } from 'jose';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import pg from 'pg';
import { exporter } from '../../src/index.js';
import { ScriptedPlatform } from './platform.js';

/** The token that the exporter shows to the platform; must never be seen anywhere else. */
export const PLATFORM_TOKEN = 'hb_live_token-of-the-tests';

/** An answer of the service. */
export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What a call adds to its path. */
export interface Call {
  readonly method?: string;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  /** Who calls; null sends no identity token. Default: an admin with every scope. */
  readonly as?: Partial<Identity> | null;
}

/** A review as the API shows it. */
export interface ReviewBody {
  readonly state: string;
  readonly version: number | null;
  readonly late: boolean;
  readonly requests: number;
  readonly reason: string | null;
  readonly decided_by: string | null;
  readonly content: unknown;
}

/** A dialogue as the API shows it. */
export interface DialogueBody {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly batch_id: string | null;
  readonly pronielts_dialog_id: number | null;
  readonly pronielts_phrase_ids: number[] | null;
  readonly retry_count: number;
  readonly review_state: string | null;
  readonly review: ReviewBody | null;
  readonly turns: { text: string; order: number; speaker: string | null }[];
  readonly history: { at: string; event: string; batch_id: string | null; detail: Record<string, unknown> }[];
}

/** A batch as the API shows it. */
export interface BatchBody {
  readonly batch_id: string;
  readonly state: string;
  readonly dialogues: number;
  readonly attempts: number;
  readonly deferrals: number;
  readonly sends: number;
  readonly due_at: string | null;
  readonly last_error_type: string | null;
  readonly last_error: string | null;
  readonly replaced_by: string | null;
  readonly confirmed_by: string | null;
}

/** A failure as the API shows it. */
export interface FailureBody {
  readonly id: number;
  readonly batch_id: string;
  readonly dialogue_ids: string[];
  readonly error_type: string;
  readonly error_message: string;
  readonly whole_batch: boolean;
  readonly retry_count: number;
  readonly resolution: string | null;
  readonly resolved_at: string | null;
  readonly payload: unknown;
}

type Service = RunningService<InstanceType<typeof exporter.config>>;

const admin: Identity = { sub: 'user-1', owner: 'user-1', roles: ['admin'], scopes: ['*'] };

/** Short waits, so that tests wait for what happens and not for time to pass. */
const quick = {
  EXPORT_POLL_MS: '20',
  EXPORT_SCHEDULE_SECONDS: '3600',
  EXPORT_RETRY_DELAYS_MS: '30,40,50',
  EXPORT_TIMEOUT_MS: '2000',
  EXPORT_LEASE_MS: '5000',
  EXPORT_CIRCUIT_FAILURES: '1000',
  MESSAGING_RETRY_DELAYS_MS: '50,100',
};

/** Exporters on one database, and the platform they export to. */
export class World {
  readonly services: Service[] = [];
  /** Log lines of all exporters so far. */
  readonly log: string[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly platform: ScriptedPlatform,
    readonly pool: pg.Pool,
    private readonly signer: IdentitySigner,
    private readonly publicKeys: string,
    private readonly namespace: string,
  ) {}

  /** A database and a platform; with `env` given, one exporter too. */
  static async open(env?: Readonly<Record<string, string>>): Promise<World> {
    const database = await createTestDatabase({ services: ['exporter'] });
    const { signer, publicKeys } = await identityKeys();
    const pool = new pg.Pool({ connectionString: database.urlFor('exporter'), max: 4 });
    const world = new World(
      database,
      await ScriptedPlatform.start(),
      pool,
      signer,
      publicKeys,
      `exporter-${randomBytes(4).toString('hex')}`,
    );
    if (env) await world.start(env);
    return world;
  }

  /** Environment of an exporter of this world. */
  environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PORT: '0',
      DATABASE_URL: this.database.urlFor('exporter'),
      RABBITMQ_URL: testRabbitmq().url,
      MESSAGING_NAMESPACE: this.namespace,
      IDENTITY_PUBLIC_KEYS: this.publicKeys,
      PRONIELTS_API_URL: this.platform.url,
      PRONIELTS_API_TOKEN: PLATFORM_TOKEN,
      ...quick,
      ...env,
    };
  }

  /** Starts an exporter as `bootstrap` does in production; another one is a replica. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<Service> {
    const logTo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.log.push(chunk.toString());
        done();
      },
    });
    const service = await bootstrap(exporter, { env: this.environment(env), logTo, embedded: true });
    this.services.push(service);
    // A fresh schema's schedule strikes at once: let it find nothing, before a test submits anything.
    await eventually(
      async () => (await this.sql('SELECT FROM export_settings WHERE next_export_at > now()')).length === 1,
    );
    return service;
  }

  /** Calls the exporter that was started last, or the one at `url`. */
  async call<Body = Record<string, unknown>>(
    path: string,
    { method = 'GET', body, as = {} }: Call = {},
    url = this.services.at(-1)!.url,
  ): Promise<Answer<Body>> {
    const identity = as === null ? {} : { [IDENTITY_HEADER]: await this.signer.sign({ ...admin, ...as }) };
    const response = await fetch(`${url}/api/v1/exports${path}`, {
      method,
      headers: { ...identity, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: JSON.parse(text) as Body };
  }

  /** Submits dialogues, all of which have to be accepted. @returns their ids */
  async submit(dialogues: readonly unknown[], as: Call['as'] = {}): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < dialogues.length; from += 500) {
      const { body } = await this.call<{ results: { id?: string; status: string }[] }>('/dialogues', {
        method: 'POST',
        body: { dialogues: dialogues.slice(from, from + 500) },
        as,
      });
      for (const result of body.results) {
        if (result.id === undefined || result.status !== 'accepted')
          throw new Error(`not accepted: ${JSON.stringify(result)}`);
        ids.push(result.id);
      }
    }
    return ids;
  }

  /** `POST /api/v1/exports` */
  exportNow(as: Call['as'] = {}): Promise<Answer<{ batches: number; dialogues: number }>> {
    return this.call('', { method: 'POST', as });
  }

  /** Submits dialogues and has them exported. @returns their ids */
  async export(dialogues: readonly unknown[]): Promise<string[]> {
    const ids = await this.submit(dialogues);
    await this.exportNow();
    return ids;
  }

  async dialogue(id: string): Promise<DialogueBody> {
    return (await this.call<DialogueBody>(`/dialogues/${id}`)).body;
  }

  async batch(id: string): Promise<BatchBody> {
    return (await this.call<BatchBody>(`/batches/${id}`)).body;
  }

  async batches(): Promise<BatchBody[]> {
    return (await this.call<{ items: BatchBody[] }>('/batches?limit=200')).body.items;
  }

  async failures(query = ''): Promise<FailureBody[]> {
    return (await this.call<{ items: FailureBody[] }>(`/failures${query}`)).body.items;
  }

  /** Waits until every dialogue has this status, and hands them back. */
  async settled(ids: readonly string[], status: string, timeoutMs = 60_000): Promise<void> {
    await eventually(
      async () => {
        const rows = await this.sql<{ status: string; count: string }>(
          'SELECT status, count(*) FROM sync_status WHERE dialogue_id = ANY ($1) GROUP BY status',
          [ids],
        );
        const counts = Object.fromEntries(rows.map((row) => [row.status, Number(row.count)]));
        if (counts[status] !== ids.length) throw new Error(JSON.stringify(counts));
      },
      { description: `${String(ids.length)} dialogues to be ${status}`, timeoutMs },
    );
  }

  /** Rows of a statement run past the service. */
  async sql<Row = Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row & pg.QueryResultRow>(text, [...values])).rows;
  }

  /** Empties the tables and the platform, for the next test on the same exporters. */
  async reset(): Promise<void> {
    // Its locks meet those of the exporters' loops in no fixed order; whoever loses a deadlock tries again.
    await eventually(() =>
      this.sql(
        `TRUNCATE export_history, export_failures, export_batch_dialogues, dialogue_reviews, sync_status, export_batches,
           generated_phrases, generated_dialogues, inbox RESTART IDENTITY`,
      ),
    );
    await this.sql(`UPDATE export_settings SET paused = false, next_export_at = now() + interval '1 hour'`);
    this.platform.reset();
  }

  async close(): Promise<void> {
    // Whatever still hangs at the platform is cut, or the exporters would wait for it.
    const stopped = Promise.all(this.services.map((service) => service.stop()));
    await this.platform.stop();
    await stopped;
    await this.pool.end();
    await expectNoLeaks({ databases: [this.database] });
    await this.database.drop();
  }
}

async function identityKeys(): Promise<{ signer: IdentitySigner; publicKeys: string }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const signer = await IdentitySigner.create({ ...(await exportJWK(privateKey)), kid: 'test' });
  const key = { ...(await exportJWK(publicKey)), kid: 'test' };
  return { signer, publicKeys: JSON.stringify({ keys: [key] }) };
}
