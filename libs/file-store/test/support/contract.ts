import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import {
  FileNotFoundError,
  InvalidKeyError,
  RangeNotSatisfiableError,
  type FileStore,
} from '../../src/index.js';

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** A stream that breaks after `bytes`. */
async function* broken(bytes: number): AsyncGenerator<Buffer, void, undefined> {
  for (let sent = 0; sent < bytes; sent += 65_536) yield Buffer.alloc(Math.min(65_536, bytes - sent));
  throw new Error('the connection was cut');
}

/** What every store promises. */
export function fileStoreContract(open: () => FileStore): void {
  const key = (name = 'cards.csv'): string => `exports/${randomBytes(6).toString('hex')}/${name}`;

  test('a file is read as it was written, and its size and hash are told', async () => {
    const files = open();
    const at = key();
    const written = await files.write(at, Readable.from(['héllo ', Buffer.from('wörld')]), {
      contentType: 'text/csv',
    });
    expect(written).toEqual({
      size: 13,
      sha256: sha256('héllo wörld'),
      etag: expect.stringMatching(/^[^"]+$/),
    });
    expect(await text(await files.read(at))).toBe('héllo wörld');
    expect(await files.stat(at)).toEqual({ size: 13, etag: written.etag, modifiedAt: expect.any(Date) });
  });

  test('an empty file is a file', async () => {
    const files = open();
    const at = key();
    expect(await files.write(at, Readable.from([]))).toMatchObject({ size: 0, sha256: sha256('') });
    expect(await text(await files.read(at))).toBe('');
    expect(await files.stat(at)).toMatchObject({ size: 0 });
  });

  test('a file of many parts is whole', async () => {
    const files = open();
    const at = key();
    const content = randomBytes(20 * 1024 * 1024);
    const pieces = Array.from({ length: 320 }, (_, n) => content.subarray(n * 65_536, (n + 1) * 65_536));
    expect(await files.write(at, Readable.from(pieces))).toMatchObject({
      size: content.length,
      sha256: sha256(content),
    });
    expect(sha256(await buffer(await files.read(at)))).toBe(sha256(content));
  });

  test.each([
    [{ start: 0, end: 3 }, '0123'],
    [{ start: 4, end: 4 }, '4'],
    [{ start: 7 }, '789'],
    [{ start: 8, end: 100 }, '89'],
  ])('the range %j is read', async (range, expected) => {
    const files = open();
    const at = key();
    await files.write(at, Readable.from(['0123456789']));
    expect(await text(await files.read(at, range))).toBe(expected);
  });

  test('a range beyond the end is refused', async () => {
    const files = open();
    const at = key();
    await files.write(at, Readable.from(['0123456789']));
    await expect(files.read(at, { start: 10 })).rejects.toBeInstanceOf(RangeNotSatisfiableError);
  });

  test('what is written again is replaced, and has another etag', async () => {
    const files = open();
    const at = key();
    const first = await files.write(at, Readable.from(['first']));
    const second = await files.write(at, Readable.from(['other']));
    expect(second.etag).not.toBe(first.etag);
    expect(await text(await files.read(at))).toBe('other');
    expect((await files.stat(at))?.etag).toBe(second.etag);
  });

  test.each([100, 12 * 1024 * 1024])('a stream that breaks after %i bytes leaves nothing', async (bytes) => {
    const files = open();
    const at = key();
    await expect(files.write(at, broken(bytes))).rejects.toThrow('the connection was cut');
    expect(await files.stat(at)).toBeUndefined();
  });

  test('a stream that is cut without a word leaves what was there', async () => {
    const files = open();
    const at = key();
    await files.write(at, Readable.from(['old']));
    const cut = new Readable({ read: () => undefined });
    cut.push('new');
    setImmediate(() => cut.destroy());
    await expect(files.write(at, cut)).rejects.toThrow('Premature close');
    expect(await text(await files.read(at))).toBe('old');
  });

  test('a write that is given up leaves nothing', async () => {
    const files = open();
    const at = key();
    const giveUp = new AbortController();
    const source = async function* (): AsyncGenerator<string, void, undefined> {
      yield 'begun';
      giveUp.abort(new Error('given up'));
      yield 'more';
    };
    await expect(files.write(at, source(), { signal: giveUp.signal })).rejects.toThrow();
    expect(await files.stat(at)).toBeUndefined();
  });

  test('what is not there is not found, and deleting it is no error', async () => {
    const files = open();
    const at = key();
    await expect(files.read(at)).rejects.toBeInstanceOf(FileNotFoundError);
    expect(await files.stat(at)).toBeUndefined();
    await files.delete(at);
    await files.deleteFolder('no-such-folder');
  });

  test('what is deleted is gone', async () => {
    const files = open();
    const at = key();
    await files.write(at, Readable.from(['x']));
    await files.delete(at);
    await expect(files.read(at)).rejects.toBeInstanceOf(FileNotFoundError);
    expect(await files.stat(at)).toBeUndefined();
    await files.write(at, Readable.from(['again']));
    expect(await text(await files.read(at))).toBe('again');
  });

  test('a folder is deleted with all that is in it, and nothing beside it', async () => {
    const files = open();
    const folder = key('task');
    for (const name of ['1/a.csv', '1/b.csv', '2/a.csv'])
      await files.write(`${folder}/${name}`, Readable.from([name]));
    await files.write(`${folder}-beside/a.csv`, Readable.from(['beside']));
    await files.deleteFolder(folder);
    for (const name of ['1/a.csv', '1/b.csv', '2/a.csv']) {
      expect(await files.stat(`${folder}/${name}`)).toBeUndefined();
    }
    expect(await text(await files.read(`${folder}-beside/a.csv`))).toBe('beside');
  });

  test.each([
    '',
    '/etc/passwd',
    '../outside',
    'a/../../outside',
    'a/./b',
    'a//b',
    'a/',
    '.unfinished/x',
    'a\\b',
    'a b',
    'a\u0000b',
    'ä',
    'x'.repeat(501),
    Array.from({ length: 21 }, () => 'a').join('/'),
  ])('%j is no key', async (bad) => {
    const files = open();
    for (const ask of [
      () => files.write(bad, Readable.from(['x'])),
      () => files.read(bad),
      () => files.stat(bad),
      () => files.delete(bad),
      () => files.deleteFolder(bad),
    ]) {
      await expect(ask()).rejects.toBeInstanceOf(InvalidKeyError);
    }
  });
}
