// One world for the test files of a worker: they have the same globals, and scripts/runtimeForTests.cjs gives them the same modules of the source
// and of node_modules, loaded once and compiled once to machine code. After a file, globals, process and environment are as they were before it.
// A file that replaces a module, the clock, a name that the build puts in, the kernel or the built page has a world of its own, as jest makes them.
const { readFileSync } = require('node:fs');
const { TestEnvironment } = require('jest-environment-node');

const ALONE = /helpers\/(unbundled|shellLines|kernel|browser|builtPage)|jest\.(mock|doMock|resetModules|isolateModules|useFakeTimers)/;

let shared;

module.exports = function EnvironmentForTests(config, context) {
  if (ALONE.test(readFileSync(context.testPath, 'utf8'))) return new TestEnvironment(config, context);
  shared ??= sharedEnvironment(config, context);
  return shared;
};

function sharedEnvironment(config, context) {
  const environment = new TestEnvironment(config, context);
  const { process } = environment.global;
  const before = [environment.global, process, process.env].map(object => [object, Object.getOwnPropertyDescriptors(object)]);
  return Object.assign(environment, {
    modules: { source: new Map(), internal: new Map(), runtime: undefined },
    async teardown() {
      environment.fakeTimers.dispose();
      environment.fakeTimersModern.dispose();
      process.removeAllListeners();
      for (const [object, properties] of before) restore(object, properties);
    },
  });
}

/** Own properties as they were; what cannot be changed was not. */
function restore(object, before) {
  for (const key of Reflect.ownKeys(object)) if (!Object.hasOwn(before, key)) Reflect.deleteProperty(object, key);
  for (const key of Reflect.ownKeys(before)) {
    const now = Reflect.getOwnPropertyDescriptor(object, key);
    if (now?.value !== before[key].value || now?.get !== before[key].get) Reflect.defineProperty(object, key, before[key]);
  }
}
