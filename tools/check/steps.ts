import { build } from '../build.ts';
import { dependency, runCommand, type Command } from './command.ts';

/** One check of the whole workspace. */
export interface Step {
  readonly name: string;
  /** @throws Error whose message tells what to mend */
  run(): Promise<void>;
}

/** Gives the environment of the steps that need a Postgres; starts it first, when nobody has. */
export type PostgresEnvironment = () => Promise<NodeJS.ProcessEnv>;

function step(name: string, command: Command, advice = ''): Step {
  return {
    name,
    async run() {
      const { code, output } = await runCommand(command);
      if (code !== 0) throw new Error(`${output.trim()}\n${advice}`.trim());
    },
  };
}

/** Compiles all; every later step may rely on what it made. */
export const buildStep: Step = { name: 'build', run: build };

const format = step(
  'format',
  { script: dependency('prettier/bin/prettier.cjs'), args: ['--check', '--log-level', 'warn', '.'] },
  'Run: npm run format',
);

// Through nx: the rule of module boundaries knows the projects from nx's graph and skips itself where there is none.
// Not project by project with Nx: each of its processes would check the types of the whole workspace anew.
const lint = step('lint', {
  script: dependency('eslint/bin/eslint.js'),
  args: ['--max-warnings=0', '--concurrency=2', 'apps', 'libs', 'tools'],
  env: { NX_DAEMON: 'false', FORCE_COLOR: '0' },
});

const types = step('types', {
  script: dependency('tsgo/bin/tsc'),
  args: ['-p', 'tsconfig.tests.json', '--pretty', 'false'],
});

const boundaries = step('boundaries', { script: 'tools/check/boundaries.ts' });

const generated = step('generated files', { script: 'tools/generate/main.ts', args: ['--check'] });

const openapi = step('openapi', {
  script: dependency('@redocly/cli/bin/cli.js'),
  args: ['lint', 'openapi/openapi.json'],
  env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
});

function migrations(postgres: PostgresEnvironment): Step {
  return {
    name: 'migrations',
    run: async () => step('migrations', { script: 'tools/check/migrations.ts', env: await postgres() }).run(),
  };
}

/** Every check, the quick ones first. */
export function checkSteps(postgres: PostgresEnvironment): Step[] {
  return [format, types, boundaries, lint, generated, openapi, migrations(postgres)];
}
