import { ConfigurationError, exampleEnvironment, loadConfig } from '@hornbook/service-kit';
import { addressList, GatewayConfig } from './config.js';

const load = (env: Record<string, string>): GatewayConfig =>
  loadConfig(GatewayConfig, 'gateway', { ...exampleEnvironment(GatewayConfig), ...env });

/** What a configuration is refused for. */
function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    load(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

test('the example is a valid configuration', () => {
  expect(load({}).port).toBe(8080);
});

describe('refused', () => {
  test.each<[string, Record<string, string>, string]>([
    ['no way to check tokens', { AUTH_JWT_SECRET: '' }, 'AUTH_JWT_SECRET'],
    ['two ways to check tokens', { AUTH_JWKS_URL: 'https://id.example.org/keys' }, 'AUTH_JWKS_URL'],
    ['a short secret', { AUTH_JWT_SECRET: 'short' }, 'AUTH_JWT_SECRET'],
    ['a key that is no JSON', { IDENTITY_PRIVATE_KEY: 'secret-nonsense' }, 'IDENTITY_PRIVATE_KEY'],
    [
      'a public key',
      { IDENTITY_PRIVATE_KEY: '{"kty":"OKP","crv":"Ed25519","kid":"a","x":"b"}' },
      'IDENTITY_PRIVATE_KEY',
    ],
    ['a service with a path', { EXPORTER_URL: 'http://exporter/base' }, 'EXPORTER_URL'],
    ['an origin with a path', { CORS_ORIGINS: 'https://a.example.org/' }, 'CORS_ORIGINS'],
    ['an origin of everybody', { CORS_ORIGINS: '*' }, 'CORS_ORIGINS'],
    ['a proxy that is no address', { TRUSTED_PROXIES: '10.0.0.0/8,proxy.local' }, 'TRUSTED_PROXIES'],
    ['a range that is none', { TRUSTED_PROXIES: '10.0.0.0/64' }, 'TRUSTED_PROXIES'],
  ])('%s', (_name, env, variable) => {
    const faults = faultsOf(env);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(variable);
    expect(faults[0]).not.toContain('secret-nonsense');
  });
});

test('with AUTH_MODE=dev nothing has to be there to check tokens with', () => {
  expect(faultsOf({ AUTH_MODE: 'dev', AUTH_JWT_SECRET: '' })).toEqual([]);
});

test('trusted addresses may be of both families, single or in ranges', () => {
  const list = addressList(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  expect(list.check('10.9.9.9', 'ipv4')).toBe(true);
  expect(list.check('192.0.2.8', 'ipv4')).toBe(false);
  expect(list.check('2001:db8::1', 'ipv6')).toBe(true);
});
