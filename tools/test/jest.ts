import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dependency, runCommand } from '../check/command.ts';

/** Tests of one Jest run by their outcome. */
export interface JestCounts {
  readonly passed: number;
  readonly failed: number;
}

interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Files that could not be run at all. */
  readonly numRuntimeErrorTestSuites: number;
}

// Jest's ES modules are experimental for Node and work; the warning in every worker says nothing new.
const nodeOptions = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

/** Files at once: a third one fills the time in which the others wait for a broker to come back. */
const WORKERS = 3;

/** Runs Jest and shows its output as it comes. A test file that cannot be run counts as one failed test. */
export async function runJest(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<JestCounts> {
  const report = join(folder, 'jest.json');
  const { code } = await runCommand({
    script: dependency('jest/bin/jest.js'),
    args: [`--maxWorkers=${WORKERS}`, '--json', `--outputFile=${report}`, ...args],
    env: { ...env, NODE_OPTIONS: [process.env['NODE_OPTIONS'], nodeOptions].filter(Boolean).join(' ') },
    isShown: true,
  });
  const counts = await readCounts(report);
  // Jest failed at something that is no test: no file matches, its configuration is wrong, a worker was killed.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function readCounts(report: string): Promise<JestCounts> {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      await readFile(report, 'utf8'),
    ) as JestReport;
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
