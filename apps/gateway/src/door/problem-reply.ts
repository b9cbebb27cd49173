import { problem } from '@hornbook/contracts';
import { asProblem, type ErrorMembers, type ProblemError } from '@hornbook/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Path of a request, without the query. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/**
 * Answers with a problem outside Nest's pipeline.
 * @param members what the API's seed adds to every error body
 */
export function answerProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: ProblemError | undefined,
  members?: ErrorMembers,
): void {
  const body = problem({
    code: error?.code ?? 'internal_error',
    detail: error?.message ?? 'An unexpected error occurred',
    instance: pathOf(request.url),
    requestId: request.id,
    ...(error?.faults ? { faults: error.faults } : {}),
    ...(error?.members ? { members: error.members } : {}),
  });
  void reply
    .code(body.status)
    .headers(error?.headers ?? {})
    .header('x-content-type-options', 'nosniff')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(members ? { ...body, ...members(body) } : body));
}

/** What a thrown value tells the caller; undefined for what must stay inside. */
export function shownProblem(error: unknown): ProblemError | undefined {
  return asProblem(error, 0);
}
