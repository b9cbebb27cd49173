import { IdentitySigner } from '@hornbook/service-kit';
import type { Secrets } from '../start/secrets.ts';

/** Header by which a service is called directly, past the gateway: what the gateway itself would send. */
export async function identityHeader(secrets: Secrets): Promise<Record<string, string>> {
  const signer = await IdentitySigner.create(secrets.identityPrivateKey);
  return {
    'x-hornbook-identity': await signer.sign({
      sub: 'bench',
      owner: 'bench',
      roles: ['admin'],
      scopes: ['*'],
    }),
  };
}
