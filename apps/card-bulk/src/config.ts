import { configClass, env, identityFields, messagingFields, serviceFields } from '@hornbook/service-kit';
import { cardCategories } from './cards/card.schema.js';

/** Configuration of card-bulk. */
export class CardBulkConfig extends configClass({
  ...serviceFields(8084),
  ...identityFields(),
  ...messagingFields(),
  cardUrlBase: env.url('CARD_URL_BASE', {
    description: 'Where published cards are found; the slug follows.',
    protocols: ['http:', 'https:'],
    default: 'https://extrophi.ai/cards',
  }),
  bulkWorkers: env.integer('BULK_WORKERS', {
    description: 'Chunks that one process works on at once; 0 leaves the work to other replicas.',
    default: '2',
    min: 0,
    max: 64,
  }),
  bulkLeaseMs: env.integer('BULK_LEASE_MS', {
    description:
      'How long a silent worker keeps its tasks before another one goes on with them. Milliseconds.',
    default: '15000',
    min: 1_000,
    max: 600_000,
  }),
  bulkActivePerOwner: env.integer('BULK_ACTIVE_PER_OWNER', {
    description: 'Most unfinished bulk tasks of one owner; the next one is refused with 429.',
    default: '20',
    min: 1,
    max: 10_000,
  }),
  bulkRunningPerOwner: env.integer('BULK_RUNNING_PER_OWNER', {
    description: 'Most bulk tasks of one owner that run at once, all replicas together.',
    default: '4',
    min: 1,
    max: 1_000,
  }),
  bulkRequestsPerHour: env.integer('BULK_REQUESTS_PER_HOUR', {
    description: 'Most bulk operations an owner may start in an hour.',
    default: '1000',
    min: 1,
    max: 1_000_000,
  }),
  bulkRetentionDays: env.integer('BULK_RETENTION_DAYS', {
    description: 'How long a finished task, its row errors and its files are kept; then it answers 410.',
    default: '30',
    min: 1,
    max: 3_650,
  }),
  maxUploadBytes: env.integer('MAX_UPLOAD_BYTES', {
    description: 'Largest file of POST /bulk/import/stream as it is sent, bytes.',
    default: '4294967296',
    min: 1_024,
    max: 107_374_182_400,
  }),
  fileStore: env.choice('FILE_STORE', ['folder', 's3'], {
    description: 'Where uploads and exports are kept. With s3, S3_BUCKET has to be set.',
    default: 'folder',
  }),
  fileStoreFolder: env.string('FILE_STORE_FOLDER', {
    description: 'Folder of the file store; replicas have to share it.',
    default: '.hornbook/files/card-bulk',
  }),
  s3Bucket: env.optionalString('S3_BUCKET', { description: 'Bucket of the file store.' }),
  s3Region: env.string('S3_REGION', { description: 'Region of the bucket.', default: 'us-east-1' }),
  s3Endpoint: env.optionalUrl('S3_ENDPOINT', {
    description: 'S3-compatible server other than AWS.',
    protocols: ['http:', 'https:'],
    example: 'http://127.0.0.1:9000',
  }),
  s3AccessKeyId: env.optionalString('S3_ACCESS_KEY_ID', {
    description: 'Access key; unset, the SDK looks where it always does.',
  }),
  s3SecretAccessKey: env.optionalSecret('S3_SECRET_ACCESS_KEY', {
    description: 'Secret of the access key.',
    minLength: 1,
  }),
  linkSecret: env.secret('LINK_SECRET', {
    description:
      'Signs download links, and the secrets of webhooks follow from it; the same for all replicas.',
    minLength: 32,
  }),
  linkMinutes: env.integer('LINK_MINUTES', {
    description: 'How long a download link works, minutes.',
    default: '60',
    min: 1,
    max: 10_080,
  }),
  cardsFromImportedDialogues: env.choice(
    'CARDS_FROM_IMPORTED_DIALOGUES',
    ['off', 'private', 'personal', 'business', 'ideas'],
    {
      description:
        'Whether an imported batch of dialogues becomes cards, one a dialogue, and of which privacy level; business and ideas are published and rewarded.',
      default: 'off',
    },
  ),
  cardsFromImportedDialoguesOwner: env.string('CARDS_FROM_IMPORTED_DIALOGUES_OWNER', {
    description: 'Whose cards imported dialogues become.',
    default: 'content-import',
  }),
  cardsFromImportedDialoguesCategory: env.choice('CARDS_FROM_IMPORTED_DIALOGUES_CATEGORY', cardCategories, {
    description: 'Category of the cards that imported dialogues become.',
    default: 'UNASSIMILATED',
  }),
  cardsFromImportedDialoguesSources: env.list('CARDS_FROM_IMPORTED_DIALOGUES_SOURCES', {
    description: 'Only batches with one of these sources become cards, separated by commas; empty: all.',
    default: '',
  }),
  webhookAllowPrivate: env.flag('WEBHOOK_ALLOW_PRIVATE', {
    description: 'Whether webhooks may go to private and loopback addresses; for tests and closed networks.',
    default: 'false',
  }),
  eventStreamHeartbeatMs: env.integer('EVENT_STREAM_HEARTBEAT_MS', {
    description: 'Longest silence on a stream of server-sent events. Milliseconds.',
    default: '15000',
    min: 50,
    max: 60_000,
  }),
  webhookTimeoutMs: env.integer('WEBHOOK_TIMEOUT_MS', {
    description: 'Longest time that a webhook may take to answer. Milliseconds.',
    default: '10000',
    min: 100,
    max: 60_000,
  }),
  webhookRetryBaseMs: env.integer('WEBHOOK_RETRY_BASE_MS', {
    description:
      'Pause before a failed webhook is tried again; each of the six is four times the one before.',
    default: '30000',
    min: 10,
    max: 3_600_000,
  }),
}) {
  /** What the fields say together. */
  static check({ fileStore, s3Bucket }: Record<string, unknown>): readonly string[] {
    return fileStore === 's3' && s3Bucket === undefined
      ? ['S3_BUCKET has to be set when FILE_STORE is s3']
      : [];
  }
}
