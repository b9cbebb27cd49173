import { Injectable, Logger } from '@nestjs/common';
import { Circuit } from '../platform/circuit.js';
import { ExportTarget, type PlatformAnswer } from '../platform/export-target.js';
import type { ClaimedBatch } from './claims.js';
import type { Outcome } from './outcome.js';
import { outcomeOfReadBack, outcomeOfSend } from './outcome-of.js';
import { Settlement } from './settlement.js';

const circuitOpen: Outcome = {
  kind: 'released',
  sent: false,
  reason: 'the platform cannot be reached; nothing is sent for a while',
};
const probeFailed: Outcome = { kind: 'released', sent: true, reason: 'the platform still cannot be reached' };

/** Sends one batch, judges the answer, looks at the platform's copy where the answer alone does not tell, and settles. */
@Injectable()
export class Sender {
  private readonly logger = new Logger(Sender.name);

  constructor(
    private readonly target: ExportTarget,
    private readonly circuit: Circuit,
    private readonly settlement: Settlement,
  ) {}

  /**
   * @param signal hangs up; the batch is given back then
   * @returns how long the platform asked to be left alone, milliseconds
   */
  async send(batch: ClaimedBatch, signal: AbortSignal): Promise<number> {
    const startedAt = performance.now();
    const outcome = await this.outcome(batch, signal);
    this.logger.debug({
      msg: 'batch sent',
      batch_id: batch.batchId,
      outcome: outcome.kind,
      ms: Math.round(performance.now() - startedAt),
    });
    return this.settlement.settle(batch, outcome);
  }

  private async outcome(batch: ClaimedBatch, signal: AbortSignal): Promise<Outcome> {
    const sent = await this.exchange(() => this.target.send(batch, signal));
    if ('kind' in sent) return sent;
    const outcome = outcomeOfSend(sent.answer, batch.request, batch.earlierSends > 0);
    if (outcome.kind !== 'read_back') return outcome;
    const read = await this.exchange(() => this.target.read(batch.batchId, signal));
    return 'kind' in read ? read : outcomeOfReadBack(read.answer, batch.request, batch.payloadHash, outcome);
  }

  private async exchange(ask: () => Promise<PlatformAnswer>): Promise<{ answer: PlatformAnswer } | Outcome> {
    const { answer, probe } = await this.circuit.run(ask);
    if (!answer) return circuitOpen;
    // The circuit is open again: this says that the platform is away, and nothing about the batch.
    if (probe && answer.kind === 'unreachable') return probeFailed;
    return { answer };
  }
}
