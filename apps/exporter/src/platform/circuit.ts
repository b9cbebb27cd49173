import { Injectable, Logger } from '@nestjs/common';
import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { ExporterConfig } from '../config.js';
import { setCircuit } from '../metrics.js';
import type { PlatformAnswer } from './export-target.js';

/** How the platform is doing, as this process sees it. */
export type CircuitStanding = 'closed' | 'open' | 'half_open';

/** What came of an exchange that the circuit let through, or did not. */
export interface Guarded {
  /** Undefined when the circuit was open and nothing was sent. */
  readonly answer: PlatformAnswer | undefined;
  /** Sent to find out whether the platform is back: a failure says nothing new about the batch. */
  readonly probe: boolean;
}

/**
 * Stops sending when the platform cannot be reached: after some connection failures in a row nothing leaves for a
 * while, then one batch tries. Answers of any status are contact, whatever they say.
 */
@Injectable()
export class Circuit {
  private readonly logger = new Logger(Circuit.name);
  private readonly policy: CircuitBreakerPolicy;
  private openedAt = 0;

  constructor(private readonly config: ExporterConfig) {
    this.policy = circuitBreaker(
      handleWhenResult((answer) => (answer as PlatformAnswer).kind === 'unreachable'),
      { breaker: new ConsecutiveBreaker(config.circuitFailures), halfOpenAfter: config.circuitOpenMs },
    );
    this.policy.onBreak(() => {
      this.openedAt = Date.now();
      setCircuit('open');
      this.logger.warn({
        msg: 'the platform cannot be reached: nothing is sent for a while',
        ms: config.circuitOpenMs,
      });
    });
    this.policy.onReset(() => {
      setCircuit('closed');
      this.logger.log({ msg: 'the platform is back' });
    });
    setCircuit('closed');
  }

  get standing(): CircuitStanding {
    if (this.policy.state === CircuitState.Closed) return 'closed';
    return this.policy.state === CircuitState.HalfOpen ? 'half_open' : 'open';
  }

  /** How many more exchanges may begin now: any number, one probe, or none. */
  get room(): number {
    if (this.standing === 'closed') return Infinity;
    if (this.standing === 'half_open') return 0;
    return Date.now() - this.openedAt >= this.config.circuitOpenMs ? 1 : 0;
  }

  /** Runs an exchange if the circuit lets it through. */
  async run(exchange: () => Promise<PlatformAnswer>): Promise<Guarded> {
    const probe = this.policy.state !== CircuitState.Closed;
    try {
      return { answer: await this.policy.execute(exchange), probe };
    } catch (error) {
      if (error instanceof BrokenCircuitError) return { answer: undefined, probe };
      throw error;
    }
  }
}
