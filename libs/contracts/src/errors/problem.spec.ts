import { errorCodes, type ErrorCode } from './error-codes.js';
import { problem, problemSchema, pronieltsErrorMembers } from './problem.js';

const occurrence = { detail: 'Batch x was not found', instance: '/batches/x', requestId: 'r-1' } as const;

describe('a problem', () => {
  test.each(Object.keys(errorCodes) as ErrorCode[])('%s: keeps to RFC 9457 and to its own schema', (code) => {
    const body = problem({ code, ...occurrence });
    expect(problemSchema.parse(body)).toEqual({
      type: `urn:hornbook:problem:${code}`,
      title: errorCodes[code].title,
      status: errorCodes[code].status,
      detail: 'Batch x was not found',
      instance: '/batches/x',
      code,
      request_id: 'r-1',
    });
  });

  test('lists faults as details, and has no such member without any', () => {
    const faults = [{ field: 'title', error: 'Required', code: 'required' }];
    expect(problem({ code: 'validation_error', ...occurrence, faults }).details).toEqual(faults);
    expect(problem({ code: 'validation_error', ...occurrence })).not.toHaveProperty('details');
  });

  test('carries members of its kind beside the common ones', () => {
    const body = problem({
      code: 'duplicate_batch',
      ...occurrence,
      members: { original_import: { at: 'then' } },
    });
    expect(body).toMatchObject({ code: 'duplicate_batch', original_import: { at: 'then' } });
  });

  test('says success, error and message where the PronIELTS APIs do', () => {
    const body = problem({ code: 'not_found', ...occurrence });
    expect(pronieltsErrorMembers(body)).toEqual({
      success: false,
      error: 'not_found',
      message: 'Batch x was not found',
    });
  });
});
