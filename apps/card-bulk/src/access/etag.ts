import { ProblemError } from '@hornbook/service-kit';

/**
 * Refuses a change of a copy that is not the current one (RFC 9110, section 13.1.1: strong comparison).
 * @throws ProblemError 428 without `If-Match`, 412 when it names another version
 */
export function requireMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined) {
    throw new ProblemError('precondition_required', {
      detail: 'Send If-Match with the ETag of the copy that is to be changed, or * for whatever is there',
    });
  }
  const named = ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === etag);
  if (!named) {
    throw new ProblemError('precondition_failed', {
      detail: `If-Match names ${ifMatch.slice(0, 100)}, the current version is ${etag}; read it again`,
      headers: { etag },
    });
  }
}
