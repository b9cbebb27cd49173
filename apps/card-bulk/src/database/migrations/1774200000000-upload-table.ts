import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Files that are on their way into the store, and of no task yet. */
export class UploadTable1774200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE uploads (
         key text CONSTRAINT uploads_pkey PRIMARY KEY,
         created_at timestamptz NOT NULL DEFAULT clock_timestamp()
       )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE uploads');
  }
}
