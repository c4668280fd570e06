// describe, it, hooks and expect as jest has them, for test files that are loaded again and again in one process. The assertions are jest's
// own packages; what is missing here (mocks of modules but for the disk, snapshots, fake time) no test of the areas uses.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
// what jest itself is made of, wherever npm put it
const paths = [require.resolve('jest-circus', { paths: [require.resolve('jest')] })];
const part = name => require(require.resolve(name, { paths }));
const { jestExpect } = part('@jest/expect');
const { bind } = part('jest-each');
const { ModuleMocker } = part('jest-mock');

/** No test of the areas takes this long by itself, not even on a busy machine. */
const HANG_MS = 60_000;

let suite;

function describe(name, body) {
  suite = newSuite(suite, name);
  suite.parent.inner.push(suite);
  try {
    body();
  } finally {
    suite = suite.parent;
  }
}

function it(name, body) {
  suite.inner.push({ name: suite.path + name, body, suite });
}

function newSuite(parent, name) {
  return { parent, path: parent ? `${parent.path}${name} › ` : '', inner: [], beforeAll: [], beforeEach: [], afterEach: [] };
}

const skip = () => undefined;
skip.each = () => skip;
for (const f of [describe, it]) {
  f.skip = skip;
  f.each = bind(f);
}
const mocker = new ModuleMocker(globalThis);
// afterAll takes away what later runs of the same tests need; the folders they work in are removed with the child's own
const hooks = ['beforeAll', 'beforeEach', 'afterEach'].map(hook => [hook, body => suite[hook].push(body)]);
Object.assign(globalThis, {
  describe,
  it,
  test: it,
  expect: jestExpect,
  jest: {
    setTimeout: () => undefined,
    // node:fs/promises, which is the disk that fails when it is told to in every bundle (bundle.mjs)
    mock: () => undefined,
    fn: mocker.fn.bind(mocker),
    spyOn: mocker.spyOn.bind(mocker),
    restoreAllMocks: () => mocker.restoreAllMocks(),
  },
  afterAll: () => undefined,
  ...Object.fromEntries(hooks),
});

/** The tests that a test file declares, in order. */
export function testsOf(load) {
  suite = newSuite(undefined, '');
  const root = suite;
  load();
  const flat = s => s.inner.flatMap(inner => (inner.inner ? flat(inner) : [inner]));
  return flat(root);
}

/** Runs one test with the hooks before it, as if it were the only one. @throws what the test or a hook throws */
export async function runTest({ body, suite: own }) {
  const home = process.cwd();
  const suites = [];
  for (let s = own; s; s = s.parent) suites.unshift(s);
  const run = async (hook, all) => {
    for (const s of all) for (const f of s[hook]) await f();
  };
  try {
    await run('beforeAll', suites);
    await run('beforeEach', suites);
    await Promise.race([body(), new Promise((_, reject) => setTimeout(reject, HANG_MS, new Error('the test does not end')).unref())]);
  } finally {
    await run('afterEach', [...suites].reverse());
    mocker.restoreAllMocks();
    // the afterAll that goes back is not run
    process.chdir(home);
  }
}
