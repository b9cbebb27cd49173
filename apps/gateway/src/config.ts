import { fileURLToPath } from 'node:url';
import { BlockList, isIP } from 'node:net';
import { configClass, env, serviceFields } from '@hornbook/service-kit';
import { z } from 'zod';

const http = ['http:', 'https:'] as const;

const privateKeyText = z
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
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      kid: z.string().min(1),
      x: z.string().min(1),
      d: z.string().min(1),
    }),
  );

/** The one OpenAPI document of all services, as it stands in the repository and in the image. */
const bundledOpenApiFile = fileURLToPath(new URL('../../../openapi/openapi.json', import.meta.url));

/** Configuration of the gateway. */
export class GatewayConfig extends configClass({
  ...serviceFields(8080),
  contentImportUrl: env.url('CONTENT_IMPORT_URL', {
    description: 'Where content-import listens.',
    protocols: http,
    default: 'http://127.0.0.1:8081',
  }),
  exporterUrl: env.url('EXPORTER_URL', {
    description: 'Where the exporter listens.',
    protocols: http,
    default: 'http://127.0.0.1:8082',
  }),
  assignmentUrl: env.url('ASSIGNMENT_URL', {
    description: 'Where assignment listens.',
    protocols: http,
    default: 'http://127.0.0.1:8083',
  }),
  cardBulkUrl: env.url('CARD_BULK_URL', {
    description: 'Where card-bulk listens.',
    protocols: http,
    default: 'http://127.0.0.1:8084',
  }),
  upstreamTimeoutMs: env.integer('UPSTREAM_TIMEOUT_MS', {
    description:
      'Longest time a service may stay silent: before its answer, and between two parts of it. Milliseconds.',
    default: '30000',
    min: 50,
    max: 600_000,
  }),
  upstreamConnectTimeoutMs: env.integer('UPSTREAM_CONNECT_TIMEOUT_MS', {
    description: 'Longest time a connection to a service may take to open. Milliseconds.',
    default: '2000',
    min: 10,
    max: 60_000,
  }),
  upstreamConnections: env.integer('UPSTREAM_CONNECTIONS', {
    description: 'Most connections to one service.',
    default: '128',
    min: 1,
    max: 4_096,
  }),
  upstreamWaiting: env.integer('UPSTREAM_WAITING', {
    description: 'Most requests that wait for a connection to one service; more are refused at once.',
    default: '512',
    min: 0,
    max: 65_536,
  }),
  identityPrivateKey: env.custom('IDENTITY_PRIVATE_KEY', privateKeyText, {
    description:
      'Key that signs the identity tokens for services; they hold its public half (IDENTITY_PUBLIC_KEYS).',
    allowed: 'a private Ed25519 JWK in JSON, with a kid',
    example:
      '{"kty":"OKP","crv":"Ed25519","kid":"example","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}',
    secret: true,
  }),
  authMode: env.choice('AUTH_MODE', ['token', 'dev'], {
    description: '`dev` also believes the header X-User-Id (with X-User-Roles): for a laptop only.',
    default: 'token',
  }),
  authJwtSecret: env.optionalSecret('AUTH_JWT_SECRET', {
    description: 'Shared secret of JWTs (HS256). Either this or AUTH_JWKS_URL.',
    minLength: 32,
  }),
  authJwksUrl: env.optionalUrl('AUTH_JWKS_URL', {
    description: 'Public keys of the issuer of JWTs (JWK Set; RS256, ES256). Either this or AUTH_JWT_SECRET.',
    protocols: http,
    example: 'https://id.example.org/.well-known/jwks.json',
  }),
  authJwtIssuer: env.string('AUTH_JWT_ISSUER', {
    description: '`iss` that JWTs must carry.',
    default: 'hornbook',
  }),
  authJwtAudience: env.string('AUTH_JWT_AUDIENCE', {
    description: '`aud` that JWTs must carry.',
    default: 'hornbook',
  }),
  redisUrl: env.optionalUrl('REDIS_URL', {
    description: 'Redis that several gateways count requests in. Unset: each one counts for itself.',
    protocols: ['redis:', 'rediss:'],
    example: 'redis://127.0.0.1:6379',
    secret: true,
  }),
  rateWindowSeconds: env.integer('RATE_LIMIT_WINDOW_SECONDS', {
    description: 'Window of all rate limits.',
    default: '60',
    min: 1,
    max: 3_600,
  }),
  ratePerCaller: env.integer('RATE_LIMIT_PER_CALLER', {
    description: 'Most requests of one user or API key in a window.',
    default: '3000',
    min: 1,
    max: 100_000_000,
  }),
  ratePerAddress: env.integer('RATE_LIMIT_PER_ADDRESS', {
    description: 'Most requests from one address in a window, whoever sends them.',
    default: '6000',
    min: 1,
    max: 100_000_000,
  }),
  rateFailedAuthentications: env.integer('RATE_LIMIT_FAILED_AUTHENTICATIONS', {
    description:
      'Most failed authentications from one address in a window; after that its unknown credentials are not even looked at.',
    default: '30',
    min: 1,
    max: 100_000_000,
  }),
  corsOrigins: env.list('CORS_ORIGINS', {
    description: 'Origins whose pages may call the API, e.g. https://console.example.org. Empty: none.',
    default: '',
  }),
  trustedProxies: env.list('TRUSTED_PROXIES', {
    description:
      'Addresses or CIDR ranges of load balancers in front, whose X-Forwarded-For and -Proto are believed. Empty: nobody.',
    default: '',
  }),
  openApiFile: env.optionalString('OPENAPI_FILE', {
    description: 'The OpenAPI document to serve instead of the bundled one.',
    example: '/app/openapi/openapi.json',
  }),
}) {
  /** Of the two ways to check JWTs one has to be there, which single fields cannot say. */
  static readonly exampleEnvironment = { AUTH_JWT_SECRET: 'example-secret-of-32-characters!' };

  /** Path of the OpenAPI document. */
  get openApiPath(): string {
    return this.openApiFile ?? bundledOpenApiFile;
  }

  /** Faults that only show when fields are seen together. */
  static check(values: Record<string, unknown>): string[] {
    const config = values as unknown as GatewayConfig;
    const faults: string[] = [];
    if (config.authJwtSecret !== undefined && config.authJwksUrl !== undefined) {
      faults.push(
        'AUTH_JWT_SECRET and AUTH_JWKS_URL are both set; allowed: one of them, as one family of algorithms is accepted',
      );
    }
    if (config.authJwtSecret === undefined && config.authJwksUrl === undefined && config.authMode !== 'dev') {
      faults.push(
        'Neither AUTH_JWT_SECRET nor AUTH_JWKS_URL is set; allowed: one of them (none only with AUTH_MODE=dev)',
      );
    }
    for (const [variable, url] of [
      ['CONTENT_IMPORT_URL', config.contentImportUrl],
      ['EXPORTER_URL', config.exporterUrl],
      ['ASSIGNMENT_URL', config.assignmentUrl],
      ['CARD_BULK_URL', config.cardBulkUrl],
    ] as const) {
      const { pathname, search, hash, username } = new URL(url);
      if (pathname !== '/' || search !== '' || hash !== '' || username !== '') {
        faults.push(`${variable} was given ${JSON.stringify(url)}; allowed: scheme, host and port only`);
      }
    }
    for (const origin of config.corsOrigins) {
      if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
        faults.push(
          `CORS_ORIGINS was given ${JSON.stringify(origin)}; allowed: origins such as https://console.example.org, without a path`,
        );
      }
    }
    for (const range of config.trustedProxies) {
      try {
        addRange(new BlockList(), range);
      } catch {
        faults.push(
          `TRUSTED_PROXIES was given ${JSON.stringify(range)}; allowed: IP addresses or CIDR ranges`,
        );
      }
    }
    return faults;
  }
}

function addRange(list: BlockList, range: string): void {
  const [address = '', bits] = range.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

/** The addresses of `TRUSTED_PROXIES` in a form that is quick to ask. */
export function addressList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return list;
}
