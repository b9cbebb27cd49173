import { isToBePublished } from './publish-rule.js';
import { publishedUrl, slugOf } from './slug.js';

describe('what is published', () => {
  it.each([
    ['BUSINESS', true, true, true],
    ['BUSINESS', false, true, false],
    ['IDEAS', true, true, true],
    ['IDEAS', true, false, false],
    ['PRIVATE', true, true, false],
    ['PERSONAL', true, true, false],
  ] as const)(
    '%s with business %s and ideas %s: %s',
    (privacy, publish_business, publish_ideas, published) => {
      expect(isToBePublished(privacy, { publish_business, publish_ideas })).toBe(published);
    },
  );
});

describe('the URL of a published card', () => {
  it.each([
    ['How to Build Momentum', 'how-to-build-momentum'],
    ['snake_case  and\ttabs', 'snake-case-and-tabs'],
    ['Prix: 100 €! (né à Paris)', 'prix-100-n-paris'],
    ['--- a -- b ---', 'a-b'],
    ['日本語', 'card'],
    ['!?', 'card'],
    ['x'.repeat(80), 'x'.repeat(60)],
  ])('has %j as %s', (title, slug) => {
    expect(slugOf(title)).toBe(slug);
  });

  it('ends in the last eight digits of the id', () => {
    expect(publishedUrl('https://extrophi.ai/cards', 'A b', '0198c0de-0000-7000-8000-0123deadbeef')).toBe(
      'https://extrophi.ai/cards/a-b-deadbeef',
    );
  });
});
