import { batchIdPattern } from '@hornbook/contracts';
import { batchIdOf, batchIdsUpTo } from './batch-id.js';

describe('batch ids', () => {
  it('are the UTC second in the pattern of the contract', () => {
    const id = batchIdOf(new Date('2026-01-05T03:04:09.999Z'));
    expect(id).toBe('batch-2026-01-05-030409');
    expect(id).toMatch(batchIdPattern);
  });

  it('of many batches are seconds in a row, across midnight and new year', () => {
    expect(batchIdsUpTo(new Date('2026-01-01T00:00:01Z'), 3)).toEqual([
      'batch-2025-12-31-235959',
      'batch-2026-01-01-000000',
      'batch-2026-01-01-000001',
    ]);
  });
});
