/**
 * The answer of `work` if it comes in time. The work itself goes on.
 * @throws Error after `ms`
 */
export async function within<Answer>(ms: number, work: Promise<Answer>): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`no answer in ${String(ms)} ms`));
  }, ms);
  // Whoever loses the race may still fail, and nobody listens then.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
