import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = [
  `CREATE TABLE webhooks (
     id uuid CONSTRAINT webhooks_pkey PRIMARY KEY,
     owner varchar(200) NOT NULL,
     url text NOT NULL,
     description text NOT NULL DEFAULT '',
     events text[] NOT NULL,
     active boolean NOT NULL DEFAULT true,
     secret_version integer NOT NULL DEFAULT 1,
     secret_changed_at timestamptz,
     version integer NOT NULL DEFAULT 1,
     idempotency_key varchar(255),
     request_hash text,
     created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     CONSTRAINT webhooks_idempotency_key UNIQUE (owner, idempotency_key)
   )`,
  `CREATE INDEX idx_webhooks_owner ON webhooks (owner, id)`,
  /*
   * `due_at` is when the next attempt may begin: while one is under way, the time from which its process counts as
   * dead. `attempts` grows with every claim and so fences the one that made it.
   */
  `CREATE TABLE webhook_deliveries (
     id uuid CONSTRAINT webhook_deliveries_pkey PRIMARY KEY,
     webhook_id uuid REFERENCES webhooks ON DELETE CASCADE,
     owner varchar(200) NOT NULL,
     task_id uuid,
     url text,
     event text NOT NULL,
     body text NOT NULL,
     status text NOT NULL DEFAULT 'pending',
     attempts integer NOT NULL DEFAULT 0,
     log jsonb NOT NULL DEFAULT '[]',
     due_at timestamptz DEFAULT clock_timestamp(),
     created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
     finished_at timestamptz,
     CONSTRAINT webhook_deliveries_status_check CHECK (status IN ('pending', 'delivered', 'failed')),
     CONSTRAINT webhook_deliveries_due_check CHECK ((status = 'pending') = (due_at IS NOT NULL)),
     CONSTRAINT webhook_deliveries_target_check CHECK ((webhook_id IS NULL) = (url IS NOT NULL))
   )`,
  `CREATE INDEX idx_webhook_deliveries_due ON webhook_deliveries (due_at) WHERE status = 'pending'`,
  `CREATE INDEX idx_webhook_deliveries_owner ON webhook_deliveries (owner, id)`,
  `CREATE INDEX idx_webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id)`,
  `CREATE INDEX idx_webhook_deliveries_task ON webhook_deliveries (task_id, id)`,
  `CREATE INDEX idx_webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL`,
];

/** Who is told of what, and every time that somebody was. */
export class WebhookTables1774100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of CREATE) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_deliveries, webhooks');
  }
}
