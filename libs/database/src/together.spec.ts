import { Together, type Outcome } from './together.js';

describe('Together', () => {
  /** Calls that end when the test says so. */
  function world(options: { calls?: number; most?: number } = {}) {
    const calls: {
      requests: readonly number[];
      end: (outcomes?: Outcome<string>[]) => void;
      fail: () => void;
    }[] = [];
    const together = new Together<number, string>(
      (requests) =>
        new Promise((resolve, reject) => {
          calls.push({
            requests,
            end: (outcomes = requests.map((request) => ({ answer: `answer ${String(request)}` }))) => {
              resolve(outcomes);
            },
            fail: () => {
              reject(new Error('broken'));
            },
          });
        }),
      { calls: 1, most: 100, weightOf: (request) => request, ...options },
    );
    return { together, calls, turn: () => new Promise((resolve) => setImmediate(resolve)) };
  }

  it('answers a request that comes alone with a call of its own', async () => {
    const { together, calls, turn } = world();
    const asked = together.ask(1);
    await turn();
    expect(calls.map(({ requests }) => requests)).toEqual([[1]]);
    calls[0]!.end();
    expect(await asked).toBe('answer 1');
  });

  it('takes what comes while its calls run into the next one, and never runs more than it may', async () => {
    const { together, calls, turn } = world({ calls: 2 });
    const asked = [together.ask(1)];
    await turn();
    asked.push(together.ask(2));
    await turn();
    for (const request of [3, 4, 5]) {
      asked.push(together.ask(request));
      await turn();
    }
    expect(calls.map(({ requests }) => requests)).toEqual([[1], [2]]);
    calls[1]!.end();
    await asked[1];
    await turn();
    expect(calls.slice(2).map(({ requests }) => requests)).toEqual([[3, 4, 5]]);
    calls[0]!.end();
    calls[2]!.end();
    expect(await Promise.all(asked)).toEqual([1, 2, 3, 4, 5].map((n) => `answer ${String(n)}`));
  });

  it('calls for no more at once than it may, but for one request however large', async () => {
    const { together, calls, turn } = world({ most: 10 });
    const asked = [6, 4, 1, 50, 10].map((request) => together.ask(request));
    for (let call = 0; call < 4; call++) {
      await turn();
      calls[call]!.end();
      await turn();
    }
    await Promise.all(asked);
    expect(calls.map(({ requests }) => requests)).toEqual([[6, 4], [1], [50], [10]]);
  });

  it('shares out what comes at once among the calls that may start, where there is enough for each', async () => {
    const { together, calls, turn } = world({ calls: 2 });
    const asked = Array.from({ length: 17 }, () => together.ask(1));
    await turn();
    expect(calls.map(({ requests }) => requests.length)).toEqual([9, 8]);
    asked.push(...Array.from({ length: 17 }, () => together.ask(1)));
    calls[1]!.end();
    await Promise.all(asked.slice(9, 17));
    await turn();
    expect(calls.map(({ requests }) => requests.length)).toEqual([9, 8, 17]);
    calls[0]!.end();
    calls[2]!.end();
    await Promise.all(asked);

    asked.push(...Array.from({ length: 9 }, () => together.ask(1)));
    await turn();
    for (const { end } of calls.slice(3)) end();
    await Promise.all(asked);
    expect(calls.slice(3).map(({ requests }) => requests.length)).toEqual([8, 1]);
  });

  it('fails one request, or all of a call, and goes on', async () => {
    const { together, calls, turn } = world();
    const first = Promise.allSettled([together.ask(1), together.ask(2)]);
    await turn();
    calls[0]!.end([{ answer: 'fine' }, { error: new Error('refused') }]);
    expect(await first).toMatchObject([{ value: 'fine' }, { reason: { message: 'refused' } }]);
    const second = Promise.allSettled([together.ask(3), together.ask(4)]);
    await turn();
    calls[1]!.fail();
    expect(await second).toMatchObject([
      { reason: { message: 'broken' } },
      { reason: { message: 'broken' } },
    ]);
    const third = together.ask(5);
    await turn();
    calls[2]!.end();
    expect(await third).toBe('answer 5');
  });
});
