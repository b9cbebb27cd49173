import { eventually } from './eventually.js';

const quick = { timeoutMs: 60, intervalMs: 5 };

describe('eventually', () => {
  test('hands back the first answer that is not false', async () => {
    let tries = 0;
    expect(await eventually(() => (++tries < 3 ? false : tries))).toBe(3);
  });

  test('takes undefined and 0 for answers', async () => {
    expect(await eventually(() => undefined)).toBeUndefined();
    expect(await eventually(async () => 0)).toBe(0);
  });

  test('tries again after a failure', async () => {
    let tries = 0;
    const check = async (): Promise<string> => {
      if (++tries < 3) throw new Error('not yet');
      return 'done';
    };
    expect(await eventually(check)).toBe('done');
  });

  test('fails in the end with what it waited for and the last failure', async () => {
    const last = new Error('still 4 of 5');
    const waiting = eventually(() => Promise.reject(last), { ...quick, description: 'five items' });
    await expect(waiting).rejects.toMatchObject({
      message: 'Waited 60 ms in vain for five items: still 4 of 5',
      cause: last,
    });
  });

  test('fails in the end when the check stays false', async () => {
    await expect(eventually(() => false, quick)).rejects.toThrow('it stayed false');
  });
});
