import { Shutdown } from '@hornbook/service-kit';
import { BackgroundLoop } from '@hornbook/tasks';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { ExporterConfig } from '../config.js';
import { Circuit } from '../platform/circuit.js';
import { ExportTarget } from '../platform/export-target.js';
import { Claims, type ClaimedBatch } from './claims.js';
import { Sender } from './sender.js';

/** Kept of the grace period for giving batches back and closing what is open. */
const LAST_MS = 3_000;

/**
 * Keeps up to `concurrency` batches in flight: as soon as one is settled the next is claimed. What is in flight stands
 * in the database all the time, so a killed process loses nothing but its lease.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly inHand = new Set<Promise<void>>();
  private readonly hangUp = new AbortController();
  private readonly loop: BackgroundLoop;
  /** The platform asked to be left alone until then (429 and 503 with Retry-After). */
  private quietUntil = 0;

  constructor(
    private readonly config: ExporterConfig,
    private readonly claims: Claims,
    private readonly sender: Sender,
    private readonly circuit: Circuit,
    private readonly target: ExportTarget,
    private readonly shutdown: Shutdown,
  ) {
    this.loop = new BackgroundLoop(
      config.pollMs,
      () => this.dispatch(),
      (error) => this.logger.error({ msg: 'batches could not be claimed', err: error }),
    );
  }

  onApplicationBootstrap(): void {
    this.shutdown.on('stop taking work', () => this.loop.stop());
    this.shutdown.on('finish what is in hand', () => this.finish());
    this.loop.start();
  }

  /** Says that there may be something to send. */
  ring(): void {
    this.loop.ring();
  }

  private room(): number {
    if (Date.now() < this.quietUntil) return 0;
    return Math.min(this.config.concurrency - this.inHand.size, this.circuit.room);
  }

  private async dispatch(): Promise<void> {
    const room = this.room();
    if (room <= 0) return;
    for (const batch of await this.claims.take(room)) this.carry(batch);
  }

  private carry(batch: ClaimedBatch): void {
    const carried = this.sender
      .send(batch, this.hangUp.signal)
      .then((quietMs) => {
        this.quietUntil = Math.max(this.quietUntil, Date.now() + quietMs);
      })
      .catch((error: unknown) => {
        // The batch stays claimed until its lease ends; then it is sent again.
        this.logger.error({
          msg: 'the outcome of a batch could not be stored',
          batch_id: batch.batchId,
          err: error,
        });
      })
      .finally(() => {
        this.inHand.delete(carried);
        this.loop.ring();
      });
    this.inHand.add(carried);
  }

  /** Waits for the sends in hand, as long as the grace period allows; then hangs up and gives the batches back. */
  private async finish(): Promise<void> {
    const patience = Math.max(
      0,
      this.config.shutdownGraceSeconds * 1000 - this.config.shutdownDelayMs - LAST_MS,
    );
    const impatient = new AbortController();
    const late = delay(patience, undefined, { signal: impatient.signal, ref: false }).then(
      () => {
        this.hangUp.abort();
      },
      () => undefined,
    );
    await Promise.all(this.inHand);
    impatient.abort();
    await late;
    await this.target.close();
  }
}
