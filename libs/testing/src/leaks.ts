import { endOwnProcesses, liveOwnProcesses } from './owned-process.js';
import { eventually } from './eventually.js';
import { withClient, type TestDatabase } from './test-database.js';

/** What must be gone. */
export interface LeakCheckOptions {
  /** Databases of the test file, not dropped yet. */
  readonly databases?: readonly Pick<TestDatabase, 'adminUrl'>[];
  /** A closed connection is listed for a moment longer. Default 5,000. */
  readonly timeoutMs?: number;
}

interface Backend {
  readonly application_name: string;
  readonly usename: string;
  readonly state: string;
  readonly query: string;
}

async function openConnections(adminUrl: string): Promise<string[]> {
  const { rows } = await withClient(adminUrl, (client) =>
    client.query<Backend>(
      `SELECT application_name, usename, coalesce(state, '') AS state, left(query, 200) AS query
         FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
    ),
  );
  return rows.map(
    (row) =>
      `connection of ${row.application_name || 'unnamed'} (${row.usename}, ${row.state}): ${row.query}`,
  );
}

/**
 * For `afterAll`, before the database is dropped: whatever the file started has been stopped. Processes that were not are
 * ended when that is told, so that the worker's next file does not fail for this one.
 * @throws Error listing the connections to its databases that are still open and the child processes that still run
 */
export async function expectNoLeaks({
  databases = [],
  timeoutMs = 5000,
}: LeakCheckOptions = {}): Promise<void> {
  try {
    await eventually(
      async () => {
        const open = await Promise.all(databases.map(({ adminUrl }) => openConnections(adminUrl)));
        const leaks = [...open.flat(), ...liveOwnProcesses().map((name) => `process ${name}`)];
        if (leaks.length > 0) throw new Error(leaks.join('\n'));
      },
      { timeoutMs, intervalMs: 50, description: 'everything the test file started to be gone' },
    );
  } catch (leaks) {
    await endOwnProcesses();
    throw leaks;
  }
}
