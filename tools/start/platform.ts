import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { provision, schemaNameOf, serviceDatabaseUrl } from '@hornbook/database';
import { freePort, isPortFree, startPostgres, type PostgresServer } from '@hornbook/testing';
import { ensureApiKey } from './api-keys.ts';
import { root, runFile, stateFolder } from './paths.ts';
import { say, secondsSince, StartError } from './printing.ts';
import { loadSecrets, saveSecrets, userToken, type Secrets } from './secrets.ts';
import { startService, untilReady, type ServiceProcess } from './service-process.ts';

/** What `.hornbook/run.json` says of the running platform. */
export interface RunInfo {
  readonly gateway: string;
  readonly services: Readonly<Record<string, string>>;
  /** Administrator's URL of the database. */
  readonly database: string;
  readonly broker: { readonly kind: 'rabbitmq' | 'postgres'; readonly url: string };
  readonly tokens: { readonly admin: string; readonly reviewer: string };
  readonly apiKey: string;
  readonly pids: Readonly<Record<string, number>>;
}

/** A platform with all its services up. */
export interface Platform {
  readonly info: RunInfo;
  readonly services: readonly ServiceProcess[];
  /** Ends every process in order: door first, then the services, then the database. */
  stop(): Promise<void>;
}

/** Schema of the events where Postgres carries them. */
const BROKER_SCHEMA = 'broker';
const serviceNames = ['gateway', 'content-import', 'exporter', 'assignment', 'card-bulk'] as const;
const schemas = [...serviceNames.map(schemaNameOf), BROKER_SCHEMA];

/** Where the parts are to be found; unset members are made here. */
export interface PlatformOptions {
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly rabbitmqUrl: string | undefined;
  /** Further variables for single services, e.g. shorter retry delays for a demonstration. */
  readonly extraEnv?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Print nothing. */
  readonly quiet?: boolean;
}

/** Starts Postgres (unless given), prepares it, and starts every service as a process of its own. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { port, rabbitmqUrl } = options;
  const tell = options.quiet ? () => undefined : say;
  if (!(await isPortFree(port))) {
    throw new StartError(
      `Port ${String(port)} is taken. Stop what listens there, or choose another: PORT=8090 npm start`,
    );
  }
  await mkdir(stateFolder, { recursive: true });
  const started = performance.now();
  const postgres = options.databaseUrl
    ? undefined
    : await startPostgres({ dataDir: join(stateFolder, 'postgres'), durable: true });
  const adminUrl = options.databaseUrl ?? postgres?.adminUrl ?? '';
  const running: ServiceProcess[] = [];
  const stop = async (): Promise<void> => {
    await rm(runFile, { force: true });
    await Promise.all(running.map(({ process }) => process.end('SIGTERM', 30_000)));
    await postgres?.stop();
  };
  try {
    const secrets = await loadSecrets(schemas);
    await provision(
      adminUrl,
      schemas.map((name) => ({ name, password: secrets.passwords[name] ?? '' })),
    );
    tell(
      `Postgres    ready (${postgres ? `embedded, data in ${relative(root, join(stateFolder, 'postgres'))}` : 'given by DATABASE_URL'}) ${secondsSince(started)}`,
    );
    tell(
      `Events      ${rabbitmqUrl ? 'through RabbitMQ (RABBITMQ_URL)' : 'through Postgres (set RABBITMQ_URL to use RabbitMQ)'}`,
    );
    return await startServices({ ...options, adminUrl, postgres, secrets, running, stop, started, tell });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Prepared extends PlatformOptions {
  readonly adminUrl: string;
  readonly postgres: PostgresServer | undefined;
  readonly secrets: Secrets;
  readonly running: ServiceProcess[];
  readonly stop: () => Promise<void>;
  readonly started: number;
  readonly tell: (line: string) => void;
}

async function startServices(prepared: Prepared): Promise<Platform> {
  const { port, adminUrl, rabbitmqUrl, secrets, running, extraEnv = {}, tell } = prepared;
  const gatewayUrl = localUrl(port);
  const [importPort, exporterPort, assignmentPort, cardsPort] = await freePorts();
  const urlOf = (schema: string): string =>
    serviceDatabaseUrl(adminUrl, { name: schema, password: secrets.passwords[schema] ?? '' });
  const brokerUrl = rabbitmqUrl ?? urlOf(BROKER_SCHEMA);
  const behind = {
    IDENTITY_PUBLIC_KEYS: JSON.stringify(secrets.identityPublicKeys),
    ...(rabbitmqUrl ? { RABBITMQ_URL: rabbitmqUrl } : { MESSAGING_DATABASE_URL: brokerUrl }),
  };
  const add: AddService = async (name, servicePort, env) => {
    const service = await startService({
      name,
      port: servicePort,
      env: { ...given(), DATABASE_URL: urlOf(schemaNameOf(name)), ...env, ...extraEnv[name] },
    });
    running.push(service);
    return service;
  };
  const gateway = await add('gateway', port, {
    AUTH_MODE: 'dev',
    AUTH_JWT_SECRET: secrets.jwtSecret,
    IDENTITY_PRIVATE_KEY: JSON.stringify(secrets.identityPrivateKey),
    CONTENT_IMPORT_URL: localUrl(importPort),
    EXPORTER_URL: localUrl(exporterPort),
    ASSIGNMENT_URL: localUrl(assignmentPort),
    CARD_BULK_URL: localUrl(cardsPort),
  });
  const others = [
    await add('content-import', importPort, behind),
    await add('assignment', assignmentPort, behind),
    await add('card-bulk', cardsPort, {
      ...behind,
      LINK_SECRET: secrets.linkSecret,
      FILE_STORE_FOLDER: join(stateFolder, 'files', 'card-bulk'),
    }),
  ];
  await untilReady(gateway);
  const admin = await userToken(secrets, 'local-admin', ['admin']);
  const keys = await localKeys(gatewayUrl, admin, secrets);
  const exporter = await add('exporter', exporterPort, {
    ...behind,
    PRONIELTS_API_URL: gatewayUrl,
    PRONIELTS_API_TOKEN: keys.exporter,
  });
  await Promise.all([...others, exporter].map(untilReady));
  tell(`Services    ready: ${running.map(({ name }) => name).join(', ')} ${secondsSince(prepared.started)}`);
  const info: RunInfo = {
    gateway: gatewayUrl,
    services: Object.fromEntries(running.map(({ name, url }) => [name, url])),
    database: adminUrl,
    broker: { kind: rabbitmqUrl ? 'rabbitmq' : 'postgres', url: brokerUrl },
    tokens: { admin, reviewer: await userToken(secrets, 'local-reviewer', ['reviewer']) },
    apiKey: keys.local,
    pids: pidsOf(running, prepared.postgres),
  };
  await writeFile(runFile, `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 });
  return { info, services: running, stop: prepared.stop };
}

/** Starts a service with the environment that all have and `env`. */
type AddService = (name: string, port: number, env: Record<string, string>) => Promise<ServiceProcess>;

/** The exporter is a client of the platform like any other: it gets a key of its own. */
async function localKeys(
  gatewayUrl: string,
  admin: string,
  secrets: Secrets,
): Promise<{ exporter: string; local: string }> {
  const keys = {
    exporter: await ensureApiKey(gatewayUrl, admin, secrets, 'exporter', {
      roles: ['admin'],
      scopes: ['imports:write', 'imports:read'],
    }),
    local: await ensureApiKey(gatewayUrl, admin, secrets, 'local', { roles: ['admin'], scopes: ['*'] }),
  };
  await saveSecrets({ ...secrets, apiKeys: { ...secrets.apiKeys, ...keys } });
  return keys;
}

/** Four of them, all different. */
async function freePorts(): Promise<[number, number, number, number]> {
  const ports = new Set<number>();
  while (ports.size < 4) ports.add(await freePort());
  return [...ports] as [number, number, number, number];
}

function localUrl(port: number): string {
  return `http://127.0.0.1:${String(port)}`;
}

function pidsOf(
  running: readonly ServiceProcess[],
  postgres: PostgresServer | undefined,
): Record<string, number> {
  return {
    start: process.pid,
    ...Object.fromEntries(running.map(({ name, process: owned }) => [name, owned.pid])),
    ...(postgres ? { postgres: postgres.pid } : {}),
  };
}

/** Variables of our own environment that are meant for every service. */
function given(): Record<string, string> {
  const names = ['LOG_LEVEL', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'REDIS_URL', 'HOST'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
