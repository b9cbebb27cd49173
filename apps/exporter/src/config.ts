import { configClass, env, identityFields, messagingFields, serviceFields } from '@hornbook/service-kit';

/** A send and the look at its result may each take the whole time-out; the lease must outlive both. */
const LEASE_SLACK_MS = 1_000;

/** Configuration of the exporter. */
export class ExporterConfig extends configClass({
  ...serviceFields(8082),
  ...identityFields(),
  ...messagingFields(),
  platformUrl: env.url('PRONIELTS_API_URL', {
    description: 'Base URL of the PronIELTS platform that batches are sent to.',
    protocols: ['http:', 'https:'],
    default: 'http://127.0.0.1:8080',
  }),
  platformToken: env.secret('PRONIELTS_API_TOKEN', {
    description: 'Bearer token of the platform: an admin JWT or an API key (hb_live_…).',
    minLength: 8,
  }),
  source: env.string('EXPORT_SOURCE', {
    description: '`source` of every batch; 1–100 characters.',
    default: 'automation-pipeline',
    pattern: /^[\x20-\x7e]{1,100}$/,
    allowed: '1–100 printable ASCII characters',
  }),
  scheduleSeconds: env.integer('EXPORT_SCHEDULE_SECONDS', {
    description:
      'How often everything that is ready leaves, full batches or not. Full batches leave at once.',
    default: '300',
    min: 1,
    max: 86_400,
  }),
  pollMs: env.integer('EXPORT_POLL_MS', {
    description: 'Pause between looks for due batches when nothing else wakes the exporter. Milliseconds.',
    default: '500',
    min: 10,
    max: 60_000,
  }),
  concurrency: env.integer('EXPORT_CONCURRENCY', {
    description: 'Batches in flight at once, per process.',
    default: '4',
    min: 1,
    max: 64,
  }),
  retryDelaysMs: env.integers('EXPORT_RETRY_DELAYS_MS', {
    description:
      'Waits before a batch that may not have arrived is sent again; after the last one it fails. Milliseconds.',
    default: '60000,120000,300000',
    min: 1,
    max: 86_400_000,
  }),
  timeoutMs: env.integer('EXPORT_TIMEOUT_MS', {
    description: 'Longest time one request to the platform may take, answer included. Milliseconds.',
    default: '30000',
    min: 50,
    max: 600_000,
  }),
  leaseMs: env.integer('EXPORT_LEASE_MS', {
    description:
      'How long a batch stays with the process that took it; after that another one sends the same bytes. Milliseconds; more than twice EXPORT_TIMEOUT_MS.',
    default: '90000',
    min: 200,
    max: 3_600_000,
  }),
  maxAnswerBytes: env.integer('EXPORT_MAX_ANSWER_BYTES', {
    description: 'Largest answer that is read.',
    default: '5242880',
    min: 1_024,
    max: 104_857_600,
  }),
  maxRetryAfterSeconds: env.integer('EXPORT_MAX_RETRY_AFTER_SECONDS', {
    description: 'Longest Retry-After that is obeyed.',
    default: '3600',
    min: 1,
    max: 86_400,
  }),
  maxDeferrals: env.integer('EXPORT_MAX_DEFERRALS', {
    description: 'How often the platform may put one batch off (429, batch_in_progress) before it fails.',
    default: '100',
    min: 1,
    max: 10_000,
  }),
  circuitFailures: env.integer('EXPORT_CIRCUIT_FAILURES', {
    description: 'Connection failures in a row after which nothing is sent for a while.',
    default: '5',
    min: 1,
    max: 1_000,
  }),
  circuitOpenMs: env.integer('EXPORT_CIRCUIT_OPEN_MS', {
    description:
      'How long nothing is sent before one batch tries whether the platform is back. Milliseconds.',
    default: '30000',
    min: 10,
    max: 3_600_000,
  }),
  historyDays: env.integer('EXPORT_HISTORY_DAYS', {
    description:
      'How long the history of what is settled (confirmed, closed, withdrawn) and closed failures are kept. Days.',
    default: '365',
    min: 1,
    max: 3_650,
  }),
}) {
  /** What single fields cannot say of each other. */
  static check(values: Record<string, unknown>): string[] {
    const { leaseMs, timeoutMs, platformUrl } = values as {
      leaseMs: number;
      timeoutMs: number;
      platformUrl: string;
    };
    const faults: string[] = [];
    const shortest = 2 * timeoutMs + (timeoutMs >= LEASE_SLACK_MS ? LEASE_SLACK_MS : 0);
    if (leaseMs < shortest) {
      faults.push(
        `EXPORT_LEASE_MS was given ${JSON.stringify(String(leaseMs))}; allowed: at least ${String(shortest)}, as EXPORT_TIMEOUT_MS is ${String(timeoutMs)}`,
      );
    }
    const { username, search, hash } = new URL(platformUrl);
    if (username !== '' || search !== '' || hash !== '') {
      faults.push(
        'PRONIELTS_API_URL was given with a user, query or fragment; allowed: scheme, host, port and path (the token goes to PRONIELTS_API_TOKEN)',
      );
    }
    return faults;
  }
}
