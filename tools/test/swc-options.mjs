/** How swc compiles the workspace's TypeScript for tests: as `tsc` does for production, decorators and their types included. */
export default {
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};
