import type { PgBoss } from 'pg-boss';
import { z } from 'zod';

/** A message as pg-boss keeps it. */
const jobSchema = z.object({
  /** The envelope, serialised: jsonb would reorder its members and refuse some text. */
  body: z.string(),
  attempt: z.int().min(1),
  /** Set in dead-letter queues, a `Failure` as JSON. */
  failure: z.string().optional(),
});

/** Data of one job. */
export type JobData = z.output<typeof jobSchema>;

/** One message taken from a queue. */
export interface TakenJob {
  readonly id: string;
  readonly data: JobData;
}

const FOREVER_SECONDS = 10 * 365 * 24 * 3_600;
/** pg-boss's own maximum is a day; a worker that is alive keeps its job by heartbeat for as long. */
const LONGEST_HANDLING_SECONDS = 23 * 3_600;

/** Makes a consumer's two queues and binds the first to its event. Safe to repeat. */
export async function declareQueues(
  boss: PgBoss,
  {
    queue,
    dead,
    event,
    visibilitySeconds,
  }: { queue: string; dead: string; event: string; visibilitySeconds: number },
): Promise<void> {
  const kept = {
    // By default a job that waits for two weeks is deleted.
    retentionSeconds: FOREVER_SECONDS,
    expireInSeconds: LONGEST_HANDLING_SECONDS,
    heartbeatSeconds: visibilitySeconds,
    retryDelay: 0,
  };
  if (!(await boss.getQueue(dead))) await boss.createQueue(dead, { ...kept, retryLimit: 1_000_000 });
  // Like RabbitMQ's delivery limit: only a net for what kills its worker.
  if (!(await boss.getQueue(queue)))
    await boss.createQueue(queue, { ...kept, retryLimit: 20, deadLetter: dead });
  await boss.subscribe(event, queue);
}

/**
 * Stores messages in a queue.
 * @throws Error when the queue is gone: pg-boss itself would then insert nothing and say nothing
 */
export async function insertJobs(
  boss: PgBoss,
  queue: string,
  jobs: readonly JobData[],
  delayMs = 0,
): Promise<void> {
  const startAfter = delayMs / 1_000;
  const stored = await boss.insert(
    queue,
    jobs.map((data) => (delayMs > 0 ? { data, startAfter } : { data })),
    { returnId: true },
  );
  if (stored?.length !== jobs.length)
    throw new Error(`queue ${queue} took ${String(stored?.length ?? 0)} of ${String(jobs.length)}`);
}

/** Takes up to `most` messages; they stay ours while `touch` is called often enough. */
export async function takeJobs(boss: PgBoss, queue: string, most: number): Promise<TakenJob[]> {
  const jobs = await boss.fetch(queue, { batchSize: most });
  return jobs.map(({ id, data }) => ({
    id,
    data: jobSchema.safeParse(data).data ?? { body: JSON.stringify(data), attempt: 1 },
  }));
}
