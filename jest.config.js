import swcOptions from './tools/test/swc-options.mjs';

/** One Jest run for the whole workspace: TypeScript straight from source, native ES modules. */
export default {
  testMatch: ['<rootDir>/{apps,libs}/*/{src,test}/**/*.spec.ts', '<rootDir>/tools/**/*.spec.ts'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@hornbook/source', 'node', 'default'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.hornbook/', '<rootDir>/.nx/'],
  transform: {
    '\\.ts$': ['@swc/jest', swcOptions],
  },
  testRunner: '<rootDir>/tools/test/in-node.mjs',
  testSequencer: '<rootDir>/tools/test/sequencer.mjs',
  testTimeout: 120_000,
};
