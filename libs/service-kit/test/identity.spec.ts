import { Controller, Get, Module } from '@nestjs/common';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { IDENTITY_AUDIENCE, IDENTITY_HEADER, IDENTITY_ISSUER, type Identity } from '@hornbook/contracts';
import { startApp, type TestApp } from '@hornbook/testing/start-app';
import {
  Allow,
  Caller,
  configClass,
  defineService,
  identityFields,
  Public,
  serviceFields,
  type AnyServiceConfig,
} from '../src/index.js';

@Controller('books')
class BooksController {
  @Get('mine')
  @Allow({ roles: ['curator', 'admin'], scope: 'books:read' })
  mine(@Caller() caller: Identity): Identity {
    return caller;
  }

  @Get('open')
  @Public()
  open(): string {
    return 'for everybody';
  }

  @Get('forgotten')
  forgotten(): string {
    return 'nobody said who may read this';
  }
}

@Allow({ roles: ['admin'], scope: 'shelves' })
@Controller('shelves')
class ShelvesController {
  @Get()
  all(): string[] {
    return [];
  }

  @Get('dusty')
  @Allow({ roles: ['reviewer'], scope: 'shelves' })
  dusty(): string[] {
    return [];
  }
}

@Module({ controllers: [BooksController, ShelvesController] })
class BooksModule {}

const definition = defineService({
  name: 'test-identity',
  version: '0.1.0',
  description: 'Asks who is calling.',
  config: class extends configClass({ ...serviceFields(0), ...identityFields() }) {},
  module: BooksModule,
  entities: [],
  migrations: [],
});

describe('a route', () => {
  const kid = 'gateway';
  let key: Awaited<ReturnType<typeof importJWK>>;
  let foreignKey: typeof key;
  let app: TestApp<AnyServiceConfig>;

  beforeAll(async () => {
    const [own, foreign] = [
      await generateKeyPair('EdDSA', { extractable: true }),
      await generateKeyPair('EdDSA'),
    ];
    key = own.privateKey;
    foreignKey = foreign.privateKey;
    const keys = [{ ...(await exportJWK(own.publicKey)), kid }];
    app = await startApp<AnyServiceConfig>(definition, {
      env: { IDENTITY_PUBLIC_KEYS: JSON.stringify({ keys }) },
    });
  });

  afterAll(() => app.stop());

  const ada: Identity = { sub: 'ada', owner: 'ada', roles: ['curator'], scopes: ['books:read'] };

  /** The header as the gateway sets it, but for what differs. */
  async function identity(
    claims: Partial<Identity> = {},
    { signWith = key, audience = IDENTITY_AUDIENCE, expires = '60s' } = {},
  ): Promise<Record<string, string>> {
    const token = await new SignJWT({ ...ada, ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .setIssuer(IDENTITY_ISSUER)
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(signWith);
    return { [IDENTITY_HEADER]: token };
  }

  /** Status and code of the answer to a call with these headers. */
  async function outcome(path: string, headers: Record<string, string> = {}): Promise<string> {
    const { status, body } = await app.request.get(path).set(headers);
    const { code } = body as { code?: string };
    return code === undefined ? String(status) : `${String(status)} ${code}`;
  }

  test('is open to a caller with one of its roles and its scope, and is told who that is', async () => {
    const { body } = await app.request
      .get('/books/mine')
      .set(await identity())
      .expect(200);
    expect(body).toEqual(ada);
  });

  test('that is public is open to everybody', async () => {
    expect(await outcome('/books/open')).toBe('200');
  });

  test('is closed without a token, with an expired one, one of a foreign key, and one for somebody else', async () => {
    const closed = '401 unauthenticated';
    expect(await outcome('/books/mine')).toBe(closed);
    expect(await outcome('/books/mine', await identity({}, { expires: '-1s' }))).toBe(closed);
    expect(await outcome('/books/mine', await identity({}, { signWith: foreignKey }))).toBe(closed);
    expect(await outcome('/books/mine', await identity({}, { audience: 'hornbook-console' }))).toBe(closed);
    expect(await outcome('/books/mine', { [IDENTITY_HEADER]: 'ada' })).toBe(closed);
  });

  test('is closed to another role and to a key without its scope, and says what is needed', async () => {
    expect(await outcome('/books/mine', await identity({ roles: ['reviewer'] }))).toBe('403 forbidden');
    const { body } = await app.request
      .get('/books/mine')
      .set(await identity({ scopes: ['books:write'] }))
      .expect(403);
    expect(body).toMatchObject({ detail: 'This needs the role curator or admin and the scope books:read' });
  });

  test('that does not say who may call it is closed to everybody, the administrator too', async () => {
    expect(await outcome('/books/forgotten')).toBe('401 unauthenticated');
    const admin = await identity({ roles: ['admin', 'curator', 'reviewer', 'service'], scopes: ['*'] });
    expect(await outcome('/books/forgotten', admin)).toBe('403 forbidden');
  });

  test('is as open as its controller says, unless it says otherwise itself', async () => {
    const admin = await identity({ roles: ['admin'], scopes: ['shelves'] });
    const reviewer = await identity({ roles: ['reviewer'], scopes: ['shelves'] });
    expect(await outcome('/shelves', admin)).toBe('200');
    expect(await outcome('/shelves', reviewer)).toBe('403 forbidden');
    expect(await outcome('/shelves/dusty', admin)).toBe('403 forbidden');
    expect(await outcome('/shelves/dusty', reviewer)).toBe('200');
  });

  test('takes no other word for who is calling', async () => {
    const token = (await identity())[IDENTITY_HEADER] ?? '';
    const claims = {
      'x-user-id': 'ada',
      'x-user-roles': 'admin',
      'x-forwarded-user': 'ada',
      authorization: `Bearer ${token}`,
      cookie: `${IDENTITY_HEADER}=${token}`,
    };
    expect(await outcome(`/books/mine?${IDENTITY_HEADER}=${token}`, claims)).toBe('401 unauthenticated');
    const { body } = await app.request
      .get('/books/mine')
      .set(claims)
      .set(await identity({ sub: 'bob' }))
      .expect(200);
    expect(body).toMatchObject({ sub: 'bob', roles: ['curator'] });
  });

  test('takes no two tokens at once', async () => {
    const headers = [await identity(), await identity({ roles: ['admin'] })].map(
      (each) => each[IDENTITY_HEADER] ?? '',
    );
    expect(await outcome('/books/mine', { [IDENTITY_HEADER]: headers.join(', ') })).toBe(
      '401 unauthenticated',
    );
  });
});
