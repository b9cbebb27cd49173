import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { stateFolder } from './paths.ts';

/** What a local installation has to keep to itself, made once. */
export interface Secrets {
  readonly identityPrivateKey: JWK;
  readonly identityPublicKeys: { readonly keys: readonly JWK[] };
  readonly jwtSecret: string;
  /** Signs card-bulk's download links. */
  readonly linkSecret: string;
  /** Passwords of the services' database roles, by schema. */
  readonly passwords: Readonly<Record<string, string>>;
  /** API keys made through the gateway, by name. */
  readonly apiKeys: Readonly<Record<string, string>>;
}

const file = join(stateFolder, 'secrets.json');
/** Issuer and audience of the local tokens: the gateway's defaults. */
const tokenIssuer = 'hornbook';
const tokenAudience = 'hornbook';

/** The secrets of this folder's installation; makes them on first use. @param schemas database roles that need one */
export async function loadSecrets(schemas: readonly string[]): Promise<Secrets> {
  let known: Partial<Secrets> = {};
  try {
    known = JSON.parse(await readFile(file, 'utf8')) as Partial<Secrets>;
  } catch {
    // First start, or a reset: new ones are made below.
  }
  const passwords = {
    ...Object.fromEntries(schemas.map((schema) => [schema, randomBytes(24).toString('hex')])),
    ...known.passwords,
  };
  const secrets: Secrets = {
    ...(known.identityPrivateKey && known.identityPublicKeys
      ? { identityPrivateKey: known.identityPrivateKey, identityPublicKeys: known.identityPublicKeys }
      : await identityKeys()),
    jwtSecret: known.jwtSecret ?? randomBytes(48).toString('base64url'),
    linkSecret: known.linkSecret ?? randomBytes(32).toString('base64url'),
    passwords,
    apiKeys: known.apiKeys ?? {},
  };
  await saveSecrets(secrets);
  return secrets;
}

/** Writes the secrets, readable by their owner alone; a crash leaves the old or the new file, never half of one. */
export async function saveSecrets(secrets: Secrets): Promise<void> {
  await mkdir(stateFolder, { recursive: true });
  const draft = `${file}.${String(process.pid)}`;
  await writeFile(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

async function identityKeys(): Promise<Pick<Secrets, 'identityPrivateKey' | 'identityPublicKeys'>> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const kid = randomBytes(6).toString('hex');
  return {
    identityPrivateKey: { ...(await exportJWK(privateKey)), kid },
    identityPublicKeys: { keys: [{ ...(await exportJWK(publicKey)), kid }] },
  };
}

/** A token (JWT, HS256) for a made-up user with a role, valid for 30 days. */
export async function userToken(secrets: Secrets, user: string, roles: readonly string[]): Promise<string> {
  return new SignJWT({ roles })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setIssuedAt()
    .setExpirationTime('30d')
    .sign(new TextEncoder().encode(secrets.jwtSecret));
}
