import { temporaryFolder, type TemporaryFolder } from '@hornbook/testing';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { FolderFileStore } from '../src/index.js';

describe('a folder as a file store', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  test('a file that is replaced while it is read is read to its end', async () => {
    const files = new FolderFileStore(folder.path);
    await files.write('a', Readable.from(['the old one']));
    const reading = await files.read('a');
    await files.write('a', Readable.from(['the new one']));
    expect(await text(reading)).toBe('the old one');
  });

  test('what a dead process left unfinished is removed after a day, and folders that are empty at once', async () => {
    const unfinished = join(folder.path, '.unfinished');
    await mkdir(unfinished);
    for (const name of ['old', 'new']) await writeFile(join(unfinished, name), 'x');
    const before = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(unfinished, 'old'), before, before);
    const files = new FolderFileStore(folder.path);
    await files.write('exports/1/a', Readable.from(['x']));
    await files.write('exports/1/b', Readable.from(['x']));
    await files.delete('exports/1/a');
    expect(await readdir(join(folder.path, 'exports/1'))).toEqual(['b']);
    await files.delete('exports/1/b');
    expect(await readdir(folder.path)).toEqual(['.unfinished']);
    expect(await readdir(unfinished)).toEqual(['new']);
  });

  test('two writes of one key at once leave one of the two, whole', async () => {
    const files = new FolderFileStore(folder.path);
    const contents = ['a', 'b'].map((letter) => letter.repeat(1_000_000));
    const written = await Promise.all(contents.map((content) => files.write('k', Readable.from([content]))));
    expect(written.map(({ size }) => size)).toEqual([1_000_000, 1_000_000]);
    expect(contents).toContain(await text(await files.read('k')));
  });
});
