import { Shutdown } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Tells whoever waits on a caller's behalf that the caller has left, or that this process is about to. */
@Injectable()
export class Presence {
  private readonly ending = new AbortController();

  constructor(shutdown: Shutdown) {
    // Or the listener would wait for the longest poll before it closes.
    shutdown.on('stop taking work', async () => this.ending.abort());
  }

  /** Aborted when the connection of a request ends, or the process does. */
  of(request: FastifyRequest): AbortSignal {
    const gone = new AbortController();
    request.raw.socket.once('close', () => gone.abort());
    return AbortSignal.any([gone.signal, this.ending.signal]);
  }
}
