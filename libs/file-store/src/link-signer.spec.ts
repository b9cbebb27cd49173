import { LinkSigner } from './link-signer.js';

const secret = 'an invented secret of forty characters..';
const older = 'another invented secret, older than that';
const subject = '/bulk/tasks/1/file';
const at = (seconds: number): Date => new Date(1_900_000_000_000 + seconds * 1_000);

describe('a signed link', () => {
  const signer = new LinkSigner(secret);
  const token = signer.sign(subject, at(60));

  test('opens until it expires', () => {
    expect(signer.verify(subject, token, at(59))).toBe(true);
    expect(signer.verify(subject, token, at(60))).toBe(false);
  });

  test('opens nothing else, and not for longer', () => {
    expect(signer.verify('/bulk/tasks/2/file', token, at(0))).toBe(false);
    const [, signature] = token.split('.');
    const later = Math.ceil(at(3_600).getTime() / 1_000).toString(36);
    expect(signer.verify(subject, `${later}.${signature!}`, at(0))).toBe(false);
  });

  test.each(['', '.', 'x.y', `${token}x`, token.slice(0, -1), `${'z'.repeat(11)}.${'A'.repeat(43)}`])(
    '%j is no token',
    (bad) => {
      expect(signer.verify(subject, bad, at(0))).toBe(false);
    },
  );

  test('outlives a change of the secret while the old one is known', () => {
    const old = new LinkSigner(older).sign(subject, at(60));
    expect(new LinkSigner(secret, [older]).verify(subject, old, at(0))).toBe(true);
    expect(signer.verify(subject, old, at(0))).toBe(false);
  });

  test('needs a secret that nobody guesses', () => {
    expect(() => new LinkSigner('short')).toThrow('at least 32 characters');
  });
});
