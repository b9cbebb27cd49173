import { setTimeout as sleep } from 'node:timers/promises';

/** How long and how often `eventually` looks. */
export interface EventuallyOptions {
  /** Default 30,000: only a failing test waits that long. */
  readonly timeoutMs?: number;
  /** Default 20. */
  readonly intervalMs?: number;
  /** What is waited for; begins the error's message. */
  readonly description?: string;
}

/**
 * Runs `check` until it neither throws nor answers `false`, and hands back its answer: waiting for a condition, never
 * for a time.
 * @throws Error on time-out: the description, with the last failure as message and cause
 */
export async function eventually<Answer>(
  check: () => Answer | Promise<Answer>,
  { timeoutMs = 30_000, intervalMs = 20, description = 'the condition' }: EventuallyOptions = {},
): Promise<Exclude<Answer, false>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const answer = await check();
      if (answer !== false) return answer as Exclude<Answer, false>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) {
      const reason = failure instanceof Error ? failure.message : 'it stayed false';
      throw new Error(`Waited ${timeoutMs} ms in vain for ${description}: ${reason}`, { cause: failure });
    }
    await sleep(intervalMs);
  }
}
