import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one test file or server. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes an empty folder, inside the test run's own (`HORNBOOK_TEST_FOLDER`) when there is one. */
export async function temporaryFolder(prefix = 'hornbook-'): Promise<TemporaryFolder> {
  const parent = process.env.HORNBOOK_TEST_FOLDER ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, prefix));
  // Servers that refuse to run as root run as another user and must be able to walk through.
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
