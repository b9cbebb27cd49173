import { problem, type ErrorCode, type Problem } from '@hornbook/contracts';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isConnectionFailure } from '@hornbook/database';
import { ProblemError } from './problem-error.js';

/** Members that one API adds to every error body, in its seed's spelling. */
export type ErrorMembers = (body: Problem) => Record<string, unknown>;

interface FastifyFailure {
  readonly code: string;
  readonly message: string;
  readonly statusCode?: number;
}

/** Fastify's own refusals, before a handler runs. */
const fastifyCodes: Record<string, { code: ErrorCode; detail?: string }> = {
  // Fastify does not say which of the two it was.
  FST_ERR_CTP_INVALID_JSON_BODY: {
    code: 'validation_error',
    detail:
      'The body is not valid JSON, or has a member __proto__ or constructor.prototype, which are refused',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'validation_error', detail: 'The body is empty; JSON is expected' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'validation_error',
    detail: 'The body is not as long as Content-Length says',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send the body as application/json',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'payload_too_large' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'not_found', detail: 'Nothing is found under so long a path' },
  FST_ERR_BAD_URL: { code: 'validation_error', detail: 'The path is not a valid URL path' },
};

/** What is thrown for a status that Nest itself produced. */
const httpCodes: Record<number, ErrorCode> = {
  400: 'validation_error',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  503: 'service_unavailable',
};

const noMembers: ErrorMembers = () => ({});

function fastifyFailure(error: unknown): FastifyFailure | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return error.code.startsWith('FST_') ? (error as Error & { code: string }) : undefined;
}

/** Turns whatever was thrown into an error that may be shown; undefined for what must stay inside. */
export function asProblem(error: unknown, bodyLimit: number): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  // Nest wraps Fastify's refusals before a filter sees them.
  const failure = fastifyFailure(error instanceof HttpException ? error.cause : error);
  const known = failure && fastifyCodes[failure.code];
  if (known) {
    const detail =
      known.detail ?? `The body is larger than ${String(bodyLimit)} bytes, the limit of this route`;
    return new ProblemError(known.code, { detail, cause: error });
  }
  if (error instanceof SyntaxError && 'statusCode' in error) {
    return new ProblemError('validation_error', {
      detail: `The body is not valid JSON: ${error.message}`,
      cause: error,
    });
  }
  if (error instanceof HttpException) {
    const code = httpCodes[error.getStatus()];
    // Nest's own words for an unknown path repeat the query, which may hold what is nobody's business.
    if (code) return new ProblemError(code, { detail: withoutQuery(error.message), cause: error });
  }
  if (isConnectionFailure(error)) {
    return new ProblemError('service_unavailable', {
      detail: 'The database cannot be reached just now; send the request again',
      headers: { 'retry-after': '5' },
      cause: error,
    });
  }
  return undefined;
}

function withoutQuery(message: string): string {
  return message.replace(/\?\S*$/, '');
}

/** Answers every error with the one problem body; the unforeseen ones are logged whole and shown not at all. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('problems');

  constructor(
    private readonly bodyLimit: number,
    private readonly errorMembers: ErrorMembers = noMembers,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const shown = asProblem(error, request.routeOptions.bodyLimit ?? this.bodyLimit);
    if (!shown || shown.code === 'service_unavailable') {
      this.logger.error({
        msg: 'request failed',
        request_id: request.id,
        method: request.method,
        url: request.url.split('?')[0],
        err: error,
      });
    }
    // A handler may have begun to stream; all that is left then is to cut the connection.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    await answerProblem(request, reply, shown, this.errorMembers);
  }
}

/**
 * Sends the one problem body.
 * @param shown undefined for what must stay inside
 */
export async function answerProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  shown: ProblemError | undefined,
  errorMembers: ErrorMembers = noMembers,
): Promise<void> {
  const body = problem({
    code: shown?.code ?? 'internal_error',
    detail: shown?.message ?? 'An unexpected error occurred',
    instance: request.url.split('?')[0] ?? '/',
    requestId: request.id,
    ...(shown?.faults ? { faults: shown.faults } : {}),
    ...(shown?.members ? { members: shown.members } : {}),
  });
  await reply
    .code(body.status)
    .headers(shown?.headers ?? {})
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify({ ...body, ...errorMembers(body) }));
}
