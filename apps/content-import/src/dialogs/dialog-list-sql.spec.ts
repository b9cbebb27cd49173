import { dialogListSql } from './dialog-list-sql.js';

describe('the statement that lists dialogues', () => {
  it('has no condition when nothing is asked for', () => {
    const { sql, parameters } = dialogListSql({ q: undefined }, 51);

    expect(sql).not.toContain('WHERE dialogs.');
    expect(sql).toContain('LIMIT $1');
    expect(parameters).toEqual([51]);
  });

  it('numbers its parameters as it lists them', () => {
    const { sql, parameters } = dialogListSql(
      { before: 9, categoryId: 2, accent: 'irish', q: "x' OR 1=1" },
      3,
    );

    expect(sql).toContain(
      `WHERE dialogs.id < $1 AND dialogs.category_id = $2 AND dialogs.accent = $3 AND dialogs.search @@ websearch_to_tsquery('content', $4)`,
    );
    expect(sql).toContain('LIMIT $5');
    expect(parameters).toEqual([9, 2, 'irish', "x' OR 1=1", 3]);
  });
});
