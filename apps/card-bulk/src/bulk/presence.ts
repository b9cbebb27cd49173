import { Shutdown } from '@hornbook/service-kit';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** Tells whoever waits on a caller's behalf that the caller has left, or that this process is about to. */
@Injectable()
export class Presence {
  private readonly ending = new AbortController();

  constructor(shutdown: Shutdown) {
    // Or the listener would wait for the longest poll before it closes.
    shutdown.on('stop taking work', async () => this.ending.abort());
  }

  /** Aborted when the caller who waits for this reply has left or has it, or when the process ends. */
  of(reply: FastifyReply): AbortSignal {
    const gone = new AbortController();
    // Not the socket's end: one connection carries many requests, and would keep a listener for each.
    reply.raw.once('close', () => gone.abort());
    return AbortSignal.any([gone.signal, this.ending.signal]);
  }
}
