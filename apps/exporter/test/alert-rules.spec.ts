// @own-modules: what a process counts, it counts from its start
import { eventually, findProgram } from '@hornbook/testing';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dialogues } from './support/dialogues.js';
import { refuse } from './support/platform.js';
import { World } from './support/world.js';
import { errorTypes } from '../src/batches/outcome.js';

const run = promisify(execFile);
const alerts = fileURLToPath(new URL('../../../docs/alerts/', import.meta.url));

describe('alert rules', () => {
  it('are sound, fire when they should and stay silent when they should', async () => {
    const promtool = findProgram('promtool', 'prometheus');
    await run(promtool, ['check', 'rules', 'export.rules.yml'], { cwd: alerts });
    const { stdout } = await run(promtool, ['test', 'rules', 'export.rules.test.yml'], { cwd: alerts });
    expect(stdout).toContain('SUCCESS');
  });

  it('each have a test in which they fire', async () => {
    const rules = await readFile(`${alerts}export.rules.yml`, 'utf8');
    const tests = await readFile(`${alerts}export.rules.test.yml`, 'utf8');
    const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    expect(names).toHaveLength(8);
    for (const name of names) expect(tests).toMatch(new RegExp(`alertname: ${name}\\n\\s+exp_alerts:\\n`));
  });
});

describe('metrics', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({});
  });
  afterAll(() => world.close());

  async function samples(): Promise<Map<string, number>> {
    const text = await (await fetch(`${world.services[0]!.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('export_'));
    return new Map(
      lines.map((line) => {
        const [, name, labels = '', value] = /^(\w+)(\{[^}]*\})? (\S+)$/.exec(line)!;
        return [name! + labels.replace(/,?service="[^"]*"/, '').replace('{}', ''), Number(value)] as const;
      }),
    );
  }

  it('have all names that the rules use, and all counters are there, at 0, before anything happens', async () => {
    const all = await samples();
    const rules = await readFile(`${alerts}export.rules.yml`, 'utf8');
    const expressions = rules.replaceAll(/^\s*(#|description:).*$/gm, '');
    const used = new Set(expressions.match(/\bexport_[a-z_]+/g));
    expect(used.size).toBeGreaterThan(6);
    const names = new Set([...all.keys()].map((key) => key.replace(/\{.*/, '')));
    for (const name of used) expect([...names]).toContain(name);
    for (const name of ['export_success_total', 'export_dialogues_total']) expect(all.get(name)).toBe(0);
    for (const errorType of errorTypes)
      expect(all.get(`export_failure_total{error_type="${errorType}"}`)).toBe(0);
  });

  it('count what happened under the seed’s names', async () => {
    const confirmed = await world.export(dialogues(60));
    await world.settled(confirmed, 'confirmed');
    world.platform.next(refuse(500));
    const failed = await world.export(dialogues(3));
    await world.settled(failed, 'failed');
    await eventually(
      async () => {
        const all = await samples();
        expect(Object.fromEntries(all)).toMatchObject({
          export_success_total: 2,
          export_dialogues_total: 60,
          'export_failure_total{error_type="unexpected_answer"}': 1,
          export_duration_seconds_count: 3,
          export_batch_size: 3,
          export_unconfirmed_batches: 0,
          export_oldest_unconfirmed_seconds: 0,
          export_failures_unresolved: 1,
          export_paused: 0,
          export_circuit_open: 0,
        });
        expect(all.get('export_latency_seconds')).toBeGreaterThan(0);
      },
      { timeoutMs: 60_000 },
    );
  });
});
