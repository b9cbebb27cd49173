import {
  configClass,
  ConfigurationError,
  exampleEnvironment,
  loadConfig,
  type EnvFields,
} from './config-class.js';
import { identityFields, messagingFields, serviceFields } from './config.js';
import { env } from './env-field.js';

/** What a configuration says of an environment: its values, or its faults. */
function read(fields: EnvFields, environment: Record<string, string | undefined>): unknown {
  try {
    return { ...(loadConfig(configClass(fields), 'exporter', environment) as object) };
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const description = 'What it is.';
const everyField = {
  ...serviceFields(8080),
  ...identityFields(),
  ...messagingFields(),
};

describe('a configuration', () => {
  const fields = {
    attempts: env.integer('ATTEMPTS', { description, min: 1, max: 10 }),
    level: env.choice('LEVEL', ['low', 'high'], { description, default: 'low' }),
    key: env.secret('KEY', { description, minLength: 16 }),
    target: env.url('TARGET', { description, protocols: ['http:', 'https:'] }),
  };
  const sound = { ATTEMPTS: '3', KEY: '0123456789abcdef', TARGET: 'https://example.org/x' };

  test('is read from variables, with defaults where there are any', () => {
    expect(read(fields, sound)).toEqual({
      attempts: 3,
      level: 'low',
      key: '0123456789abcdef',
      target: 'https://example.org/x',
    });
  });

  test('has all its faults told at once: which variable, what was given, what is allowed', () => {
    expect(
      read(fields, { ATTEMPTS: '11', LEVEL: 'medium', KEY: 'short', TARGET: 'ftp://example.org' }),
    ).toEqual([
      'ATTEMPTS was given "11"; allowed: a whole number from 1 to 10',
      'LEVEL was given "medium"; allowed: one of low, high',
      'KEY was given (hidden, 5 characters); allowed: a secret of at least 16 characters',
      'TARGET was given "ftp://example.org"; allowed: a URL beginning with http:// or https://',
    ]);
  });

  test.each([undefined, ''])(
    'says of a variable that is %j that it is not set, and what it is for',
    (given) => {
      expect(read(fields, { ...sound, ATTEMPTS: given })).toEqual([
        'ATTEMPTS is not set; allowed: a whole number from 1 to 10. What it is.',
      ]);
    },
  );

  test('prints its faults one a line, under the name of the service', () => {
    const error = new ConfigurationError('exporter', ['A is not set', 'B is not set']);
    expect(error.message).toBe(
      'exporter cannot start, its configuration has 2 fault(s):\n  A is not set\n  B is not set',
    );
  });

  test('looks at its fields together once each is sound, and tells those faults too', () => {
    class Together extends configClass({
      low: env.integer('LOW', { description, min: 0, max: 9 }),
      high: env.integer('HIGH', { description, min: 0, max: 9 }),
    }) {
      static check({ low, high }: { low: number; high: number }): string[] {
        return low > high ? ['LOW is above HIGH'] : [];
      }
    }
    const load = (LOW: string, HIGH: string): unknown => loadConfig(Together, 'exporter', { LOW, HIGH });
    expect(load('1', '2')).toMatchObject({ low: 1, high: 2 });
    expect(() => load('2', '1')).toThrow('LOW is above HIGH');
    expect(() => load('x', '1')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('above') as string }) as Error,
    );
  });

  test('has an example for every variable that must be set, and each is allowed', () => {
    const example = exampleEnvironment({ fields: everyField });
    expect(Object.keys(example).sort()).toEqual(['DATABASE_URL', 'IDENTITY_PUBLIC_KEYS']);
    expect(read(everyField, { ...example, RABBITMQ_URL: 'amqp://127.0.0.1' })).not.toBeInstanceOf(Array);
  });
});

describe('a secret', () => {
  const secrets = Object.values<EnvFields[string]>(everyField).filter(({ secret }) => secret);

  test('is every field that holds a password', () => {
    expect(secrets.map(({ variable }) => variable).sort()).toEqual([
      'DATABASE_URL',
      'MESSAGING_DATABASE_URL',
      'RABBITMQ_URL',
    ]);
  });

  test.each(secrets.map(({ variable }) => variable))('%s has no default, and is never shown', (variable) => {
    expect(secrets.find((field) => field.variable === variable)?.fallback ?? undefined).toBeUndefined();
    const environment = {
      ...exampleEnvironment({ fields: everyField }),
      [variable]: 'htp://user:hunter2@db',
    };
    const faults = JSON.stringify(read(everyField, environment));
    expect(faults).toContain(variable);
    expect(faults).not.toContain('hunter2');
  });

  test('is not shown either where it stands in a URL that should have none', () => {
    const fields = { target: env.url('TARGET', { description, protocols: ['https:'] }) };
    expect(read(fields, { TARGET: 'http://user:hunter2@example.org' })).toEqual([
      'TARGET was given "http://…@example.org"; allowed: a URL beginning with https://',
    ]);
  });
});

describe('a field', () => {
  const integers = { values: env.integers('V', { description, min: 0, max: 9 }) };
  const integer = { value: env.integer('V', { description, min: -1, max: 9 }) };
  const flag = { value: env.flag('V', { description }) };

  test.each(['', ' ', '1.5', '1e3', '0x1', '10', '-2', 'NaN', 'Infinity', '1 2', '１'])(
    'of whole numbers does not take %j',
    (V) => {
      expect(read(integer, { V })).toHaveLength(1);
    },
  );

  test.each(['1', 'yes', 'TRUE', 'on'])('that is a flag does not take %j', (V) => {
    expect(read(flag, { V })).toHaveLength(1);
  });

  test.each([
    [flag, 'false', false],
    [flag, 'true', true],
    [integer, '-1', -1],
    [integers, '1, 2,3', [1, 2, 3]],
  ])('is handed on as what it means', (fields, V, value) => {
    expect(Object.values(read(fields, { V }) as object)).toEqual([value]);
  });

  test.each(['', '1,,2', '1;2', '1,x', '10'])('of several numbers does not take %j', (V) => {
    expect(read(integers, { V })).toHaveLength(1);
  });

  test('of a list may be empty', () => {
    const fields = { value: env.list('V', { description, default: '' }) };
    expect(read(fields, {})).toEqual({ value: [] });
    expect(read(fields, { V: 'a, b ,,c' })).toEqual({ value: ['a', 'b', 'c'] });
  });

  test('may be left out when it is optional, and is checked when it is not', () => {
    const fields = { value: env.optionalUrl('V', { description, protocols: ['http:'] }) };
    expect(read(fields, {})).toEqual({});
    expect(read(fields, { V: 'example.org' })).toHaveLength(1);
  });
});

describe('the variables of every service', () => {
  const sound = { ...exampleEnvironment({ fields: everyField }), RABBITMQ_URL: 'amqp://127.0.0.1' };

  test('ask for a broker of one kind or the other', () => {
    expect(read(everyField, { ...sound, RABBITMQ_URL: undefined })).toEqual([
      expect.stringMatching(/^MESSAGING_DATABASE_URL or RABBITMQ_URL has to be set/),
    ]);
    const onPostgres = {
      ...sound,
      RABBITMQ_URL: '',
      MESSAGING_DATABASE_URL: 'postgres://127.0.0.1/hornbook',
    };
    expect(read(everyField, onPostgres)).toMatchObject({
      messagingDatabaseUrl: 'postgres://127.0.0.1/hornbook',
    });
  });

  test.each([
    ['no JSON', 'keys'],
    ['no keys', '{"keys":[]}'],
    ['a key of another kind', '{"keys":[{"kty":"RSA","kid":"a","n":"x","e":"AQAB"}]}'],
    ['a key without a name', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"x"}]}'],
  ])('take no identity keys that are %s', (_, IDENTITY_PUBLIC_KEYS) => {
    expect(read(everyField, { ...sound, IDENTITY_PUBLIC_KEYS })).toEqual([
      expect.stringMatching(
        /^IDENTITY_PUBLIC_KEYS was given .*; allowed: a JWK Set in JSON with Ed25519 public keys/,
      ),
    ]);
  });

  test.each([
    ['PORT', '65536'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_POOL_SIZE', '1'],
    ['SHUTDOWN_GRACE_SECONDS', '0'],
    ['MESSAGING_NAMESPACE', 'a.b'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', '127.0.0.1:4318'],
  ])('do not take %s=%s', (variable, value) => {
    expect(read(everyField, { ...sound, [variable]: value })).toEqual([
      expect.stringContaining(`${variable} was given "${value}"; allowed: `),
    ]);
  });
});
