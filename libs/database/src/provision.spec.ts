import { schemaNameOf, serviceDatabaseUrl } from './provision.js';

describe('a service in the database', () => {
  test('has a schema of its own name, in the spelling of SQL', () => {
    expect(schemaNameOf('content-import')).toBe('content_import');
    expect(schemaNameOf('administrate-sync-worker')).toBe('administrate_sync_worker');
    expect(schemaNameOf('gateway')).toBe('gateway');
  });

  test('is reached by its own role and password, and otherwise as the administrator reaches it', () => {
    const admin = 'postgres://admin:root@db.example:6543/hornbook?sslmode=require';
    expect(serviceDatabaseUrl(admin, { name: 'exporter', password: 'p@ss/word:1' })).toBe(
      'postgres://exporter:p%40ss%2Fword%3A1@db.example:6543/hornbook?sslmode=require',
    );
  });
});
