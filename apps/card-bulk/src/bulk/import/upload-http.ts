import { ProblemError } from '@hornbook/service-kit';
import type { FastifyInstance } from 'fastify';

/** Where files are uploaded. */
const UPLOAD_PATH = '/bulk/import/stream';

/** Longest time of one upload. The gateway ends those that stall. */
const UPLOAD_TIMEOUT_MS = 3_600_000;

/**
 * Leaves the bodies of uploads to their route, whatever they call themselves: they are read as they come, and no limit
 * for bodies that are held in memory applies. Every other route goes on to take JSON only.
 */
export function leaveUploadsUnread(fastify: FastifyInstance): void {
  fastify.server.requestTimeout = UPLOAD_TIMEOUT_MS;
  fastify.addContentTypeParser('*', (request, _payload, done) => {
    if (request.routeOptions.url === UPLOAD_PATH) done(null);
    else done(new ProblemError('unsupported_media_type', { detail: 'Send the body as application/json' }));
  });
}
