// Source is ESM TypeScript; jest runs it as CommonJS through swc. chalk and pbf ship ESM only, so they are transformed too.
const { statfsSync } = require('node:fs');
const { availableParallelism } = require('node:os');

const swc = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } };
const unbundled = process.env.RNN_CLI_UNBUNDLED === '1' || process.argv.some(word => word.startsWith('--coverage'));

// the workers get the flags of this process: tests make much that is soon forgotten, and a larger young heap is cleared a quarter as often
if (!process.execArgv.some(flag => flag.includes('semi-space'))) process.execArgv.push('--max-semi-space-size=64');

// A file that is written again waits for a disk, a hundred times as long as for memory: the folders of tests are there where it has room
if (process.env.TMPDIR === undefined && roomIn('/dev/shm') > 2 ** 31) process.env.TMPDIR = '/dev/shm';

/** Bytes free, 0 where there is no such folder. */
function roomIn(folder) {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

module.exports = {
  // the real binary is started some hundred times; on a busy machine a start can take seconds
  testTimeout: 60_000,
  // one more than there are cores: many a suite waits for a child process
  maxWorkers: availableParallelism() + 1,
  testSequencer: '<rootDir>/scripts/testOrder.cjs',
  reporters: ['default', '<rootDir>/scripts/plainReporter.cjs'],
  ...(unbundled ? {} : { runtime: '<rootDir>/scripts/runtimeForTests.cjs', testEnvironment: '<rootDir>/scripts/environmentForTests.cjs' }),
  globalSetup: '<rootDir>/scripts/buildForTests.cjs',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  transform: {
    ...(unbundled ? {} : { '/src/(?!page/|engines/batched/assembly/).+\\.ts$': ['<rootDir>/scripts/sourceForTests.cjs', swc] }),
    '^.+\\.(t|j|mj)s$': ['@swc/jest', swc],
  },
  setupFiles: ['<rootDir>/__tests__/setup.ts'],
  transformIgnorePatterns: ['/node_modules/(?!(chalk|pbf)/)'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  collectCoverageFrom: ['src/**/*.ts', '!src/engines/batched/assembly/**'],
  coverageProvider: 'v8',
};
