import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Who may import whom, by the tags in each project's package.json. */
const boundaries = [
  { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'type:platform', onlyDependOnLibsWithTags: ['type:contracts', 'type:platform'] },
  { sourceTag: 'type:app', onlyDependOnLibsWithTags: ['type:contracts', 'type:platform'] },
  { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:contracts', 'type:platform'] },
  // A lower layer knows nothing of a higher one.
  { sourceTag: 'layer:0', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'layer:1', onlyDependOnLibsWithTags: ['layer:0'] },
  { sourceTag: 'layer:2', onlyDependOnLibsWithTags: ['layer:0', 'layer:1'] },
  { sourceTag: 'layer:3', onlyDependOnLibsWithTags: ['layer:0', 'layer:1', 'layer:2'] },
  { sourceTag: 'type:tools', onlyDependOnLibsWithTags: ['*'] },
];

/** The same for tests: they may also use the test library, whichever layer they test. */
const testBoundaries = boundaries.map(({ sourceTag, onlyDependOnLibsWithTags }) => ({
  sourceTag,
  onlyDependOnLibsWithTags: [...onlyDependOnLibsWithTags, 'type:testing'],
}));

const moduleBoundaries = (depConstraints, more = {}) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    // A test may load a module late on purpose.
    checkDynamicDependenciesExceptions: ['.*'],
    // Nx cannot tell tests from code: a library's tests use the test library, which uses the library.
    ignoredCircularDependencies: ['contracts', 'database', 'messaging', 'service-kit'].map((name) => [
      `@hornbook/${name}`,
      '@hornbook/testing',
    ]),
    allow: [],
    depConstraints,
    ...more,
  },
];

const environmentMessage =
  'Read configuration through the injected config class; only config.ts reads the environment.';

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.hornbook/**',
      'tools/sample/**',
      '**/*.mjs',
      '**/*.js',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  prettier,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: { project: ['./tsconfig.tests.json'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': moduleBoundaries(boundaries),
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // Numbers in a message are as clear as text.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Takes a flag that a callback sets meanwhile for a constant.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Nest's modules are classes with nothing but a decorator; its options are classes used as types; its base
      // classes have methods with such type parameters.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // `(x) => stop(x)` for a function that answers nothing is the plain way to write it.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Ports are async although one of their adapters may have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      // A class with more dependencies than this has more than one subject.
      'max-params': ['error', { max: 6 }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['apps/*/src/**', 'libs/*/src/**'],
    ignores: ['apps/cli/**', 'libs/testing/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['apps/*/src/**', 'libs/*/src/**'],
    ignores: ['**/config.ts', 'libs/testing/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: environmentMessage },
      ],
    },
  },
  {
    // Tests may look at the broker from outside.
    files: ['apps/*/src/**', 'libs/*/src/**'],
    ignores: ['libs/messaging/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['amqplib', 'pg-boss'].map((name) => ({
            name,
            message: 'Only libs/messaging talks to a broker: publish through the outbox.',
          })),
        },
      ],
    },
  },
  {
    files: ['apps/*/test/**', 'libs/*/test/**', '**/*.spec.ts', 'libs/testing/**'],
    rules: {
      // A test may take its project as others see it: by its name.
      '@nx/enforce-module-boundaries': moduleBoundaries(testBoundaries, {
        allowCircularSelfDependency: true,
      }),
    },
  },
  {
    files: ['apps/*/test/**', 'libs/*/test/**', '**/*.spec.ts'],
    rules: {
      'max-lines-per-function': 'off',
      // A list of rules reads well at a length at which code does not.
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Bodies of answers and Jest's matchers are `any`; a wrong guess fails the expectation.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      // `expect(service.method)` never calls it unbound.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  // Tools import what the build made.
  { files: ['tools/**'], rules: { '@nx/enforce-module-boundaries': 'off' } },
);
