import { z } from 'zod';
import { configClass, type ConfigClass } from './config-class.js';
import { env } from './env-field.js';

/** The process's environment. This file and each service's `config.ts` are the only readers of `process.env`. */
export const processEnvironment: Readonly<Record<string, string | undefined>> = process.env;

const jwkSetText = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.issues.push({ code: 'custom', message: 'not JSON', input: text });
      return z.NEVER;
    }
  })
  .pipe(
    z.object({
      keys: z
        .array(
          z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string(), x: z.string() }),
        )
        .min(1),
    }),
  );

/** Fields that every service has. @param port the service's default port */
export function serviceFields(port: number) {
  return {
    host: env.string('HOST', { description: 'Address to listen on.', default: '127.0.0.1' }),
    port: env.integer('PORT', {
      description: 'Port to listen on; 0 takes a free one.',
      default: String(port),
      min: 0,
      max: 65_535,
    }),
    databaseUrl: env.url('DATABASE_URL', {
      description: "Postgres, by the service's own login role.",
      protocols: ['postgres:', 'postgresql:'],
      example: 'postgres://role:password@127.0.0.1:5432/hornbook',
      secret: true,
    }),
    databasePoolSize: env.integer('DATABASE_POOL_SIZE', {
      description: 'Most database connections of one process.',
      default: '10',
      min: 2,
      max: 200,
    }),
    logLevel: env.choice('LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      description: 'Least severe log line that is written.',
      default: 'info',
    }),
    otlpEndpoint: env.optionalUrl('OTEL_EXPORTER_OTLP_ENDPOINT', {
      description: 'OpenTelemetry collector (OTLP over HTTP, JSON). Unset: no traces are recorded.',
      protocols: ['http:', 'https:'],
      example: 'http://127.0.0.1:4318',
    }),
    shutdownGraceSeconds: env.integer('SHUTDOWN_GRACE_SECONDS', {
      description: 'Longest time a shutdown may take before the process gives up and exits with 1.',
      default: '25',
      min: 1,
      max: 600,
    }),
    shutdownDelayMs: env.integer('SHUTDOWN_DELAY_MS', {
      description:
        'Time between "not ready" and the end of listening, for load balancers to notice. Milliseconds.',
      default: '0',
      min: 0,
      max: 60_000,
    }),
  };
}

/** Fields of a service behind the gateway: it checks identity tokens. */
export function identityFields() {
  return {
    identityPublicKeys: env.custom('IDENTITY_PUBLIC_KEYS', jwkSetText, {
      description: "The gateway's public keys (JWK Set, Ed25519). Two keys during a rotation.",
      allowed: 'a JWK Set in JSON with Ed25519 public keys, each with a kid',
      example:
        '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"example","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
    }),
  };
}

/** Fields of a service that sends or receives events. */
export function messagingFields() {
  return {
    rabbitmqUrl: env.optionalUrl('RABBITMQ_URL', {
      description: 'RabbitMQ. Unset: events travel through Postgres (MESSAGING_DATABASE_URL).',
      protocols: ['amqp:', 'amqps:'],
      example: 'amqp://user:password@127.0.0.1:5672',
      secret: true,
    }),
    messagingDatabaseUrl: env.optionalUrl('MESSAGING_DATABASE_URL', {
      description:
        'Postgres schema that carries events when there is no RabbitMQ; needed when RABBITMQ_URL is unset.',
      requiredUnless: 'RABBITMQ_URL',
      protocols: ['postgres:', 'postgresql:'],
      example: 'postgres://broker:password@127.0.0.1:5432/hornbook',
      secret: true,
    }),
    messagingNamespace: env.string('MESSAGING_NAMESPACE', {
      description: 'Prefix of exchanges and queues, so that installations can share a broker.',
      default: 'hornbook',
      pattern: /^[a-z0-9_-]{1,40}$/,
      allowed: '1–40 of a–z, 0–9, - and _',
    }),
    messagingRetryDelaysMs: env.integers('MESSAGING_RETRY_DELAYS_MS', {
      description:
        'Delays before a failed event is tried again, after two tries at once. Milliseconds; then it is parked.',
      default: '5000,30000,300000,1800000',
      min: 10,
      max: 86_400_000,
    }),
  };
}

/** Configuration that every service has, whatever else it adds. */
export class ServiceConfig extends configClass({ ...serviceFields(0) }) {}
/** What `bootstrap` needs of a service's configuration; identity and messaging members only where it uses them. */
export type AnyServiceConfig = ServiceConfig &
  Partial<InstanceType<ConfigClass<ReturnType<typeof identityFields>>>> &
  Partial<InstanceType<ConfigClass<ReturnType<typeof messagingFields>>>>;
