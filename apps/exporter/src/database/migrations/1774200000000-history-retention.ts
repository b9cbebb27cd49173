import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Ways to find what is past its time: without them every purge would read all there ever was. */
export class HistoryRetention1774200000000 implements MigrationInterface {
  readonly name = 'HistoryRetention1774200000000';

  async up(runner: QueryRunner): Promise<void> {
    // Rows arrive in time order, so BRIN serves the purge at next to no cost per entry.
    await runner.query(
      `CREATE INDEX export_history_at ON export_history USING brin (at) WITH (pages_per_range = 32)`,
    );
    await runner.query(
      `CREATE INDEX export_failures_resolved_at ON export_failures (resolved_at) WHERE resolved_at IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX export_history_at, export_failures_resolved_at');
  }
}
