import { eventually } from '@hornbook/testing';
import { cards } from './support/cards.js';
import { holdImportsOf } from './support/hold.js';
import { startWorld, type World } from './support/world.js';

describe('the ledger', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.expectExactLedger());
  afterAll(() => world.stop());

  it('can be added to, but neither changed nor shortened', async () => {
    await world.import(cards(2), {}, { as: 'ledger' });

    for (const statement of [
      'UPDATE extropy_ledger SET amount = 2',
      `UPDATE extropy_ledger SET description = 'x' WHERE false`,
      'DELETE FROM extropy_ledger',
      'TRUNCATE extropy_ledger',
    ]) {
      await expect(world.sql(statement)).rejects.toThrow('extropy_ledger is append-only');
    }
    expect((await world.call('/extropy/ledger', { as: 'ledger' })).body['items']).toHaveLength(2);
  });

  it('takes no negative balance, no amount of nothing, and no second award for a card', async () => {
    await world.import(cards(1), {}, { as: 'rules' });
    const [entry] = await world.sql<{ card_id: string }>(
      `SELECT card_id FROM extropy_ledger WHERE to_user = 'rules'`,
    );
    const add = (amount: number, cardId: string): Promise<unknown> =>
      world.sql(
        `INSERT INTO extropy_ledger (to_user, amount, type, card_id, to_balance_after, description)
         VALUES ('rules', $1, 'earn', $2, 1, '')`,
        [amount, cardId],
      );

    await expect(add(1, entry!.card_id)).rejects.toThrow('extropy_ledger_card_id_type_key');
    await expect(add(0, '019cb3a1-7c1e-7000-8000-5d1f6b9a0c11')).rejects.toThrow(
      'extropy_ledger_amount_check',
    );
    await expect(world.sql(`UPDATE extropy_balances SET balance = -1`)).rejects.toThrow(
      'extropy_balances_balance_check',
    );
  });

  it('is exact when imports of one owner run side by side', async () => {
    const as = 'side-by-side';

    await Promise.all(Array.from({ length: 6 }, () => world.import(cards(700), {}, { as })));

    expect((await world.call('/extropy/balance', { as })).body['balance']).toBe('4200.00000000');
  });

  it("keeps what was earned when the card is gone, and the page of it is the owner's", async () => {
    const as = 'keeps';
    await world.import(cards(1), {}, { as });
    const { body: page } = await world.call('/cards', { as });
    const { id } = page['items'][0];
    await world.call(`/cards/${id}?hard=true`, { method: 'DELETE', as, headers: { 'if-match': '*' } });

    const { body } = await world.call('/extropy/ledger', { as });

    expect(body['items']).toMatchObject([{ card_id: id, amount: '1.00000000', balance_after: '1.00000000' }]);
    expect((await world.call('/extropy/ledger', { as: 'other' })).body['items']).toEqual([]);
    expect((await world.call('/extropy/balance', { as: 'other' })).body['balance']).toBe('0.00000000');
  });

  it('is paged, newest first, each entry once', async () => {
    const as = 'pages';
    await world.import(cards(7), {}, { as });

    const balances: string[] = [];
    for (let cursor = ''; ;) {
      const { body } = await world.call(`/extropy/ledger?limit=3${cursor}`, { as });
      balances.push(
        ...(body['items'] as { balance_after: string }[]).map(({ balance_after }) => balance_after),
      );
      if (body['next_cursor'] === null) break;
      cursor = `&cursor=${body['next_cursor']}`;
    }

    expect(balances).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `${n}.00000000`));
  });

  it('is not touched by an import that is held up and cancelled', async () => {
    const as = 'held-up';
    const letGo = await holdImportsOf(world, as);
    const { body } = await world.post('/bulk/import', { cards: cards(10), on_error: 'atomic' }, { as });
    const path = `/bulk/tasks/${body['task_id']}`;
    await eventually(
      async () => (await world.call(`/bulk/status/${body['task_id']}`, { as })).body['status'] === 'STARTED',
    );
    await world.call(path, { method: 'DELETE', as });
    await letGo();

    await world.finished(body['task_id'], { as });

    expect((await world.call('/extropy/balance', { as })).body['balance']).toBe('0.00000000');
  });
});
