// Jest's own way to run a test file, with the modules loaded by Node instead of by Jest. Jest loads all that a file
// imports anew for each file, a framework of a thousand modules for every one of ours; Node does so once a worker.
// What that takes away, mocks of modules and globals for each file, no test here uses. A file that must not see what
// others left in the process, as counters of metrics, says so in a line of its own: `// @own-modules`.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import './typescript.mjs';

const require = createRequire(import.meta.url);
const { default: circus } = require('jest-circus/runner');

/** Where jest-circus keeps what listens to the events of a file. */
const LISTENERS = Symbol.for('EVENT_HANDLERS');
const OWN_MODULES = /^\/\/ @own-modules\b/m;

let files = 0;

/** Runs a test file: Jest's option `testRunner`. */
export default async function run(globalConfig, config, environment, runtime, testPath, send) {
  if (OWN_MODULES.test(await readFile(testPath, 'utf8')))
    return circus(globalConfig, config, environment, runtime, testPath, send);
  const inNode = {
    // The state of jest-circus is made when it is loaded: each file has one of its own.
    requireInternalModule(path) {
      delete globalThis[LISTENERS];
      delete require.cache[path];
      return require(path);
    },
    requireModule: require,
    setGlobalsForRuntime: () => undefined,
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: (path) => import(`${pathToFileURL(path).href}?${String(++files)}`),
  };
  // Jest translates stacks by the files that it loaded itself; Node knows those that it has.
  const translate = Error.prepareStackTrace;
  Error.prepareStackTrace = undefined;
  process.setSourceMapsEnabled(true);
  try {
    const here = over(environment, { global: globalThis });
    return await circus(globalConfig, config, here, over(runtime, inNode), testPath, send);
  } finally {
    Error.prepareStackTrace = translate;
  }
}

/** An object, some of whose members are others. */
function over(object, members) {
  return new Proxy(object, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return members[name];
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
