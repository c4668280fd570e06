// Source is ESM TypeScript; jest runs it as CommonJS through swc. chalk and pbf ship ESM only, so they are transformed too.
const swc = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } };
const unbundled = process.env.RNN_CLI_UNBUNDLED === '1' || process.argv.some(word => word.startsWith('--coverage'));

// the workers get the flags of this process: tests make much that is soon forgotten, and a larger young heap is cleared a quarter as often
if (!process.execArgv.some(flag => flag.includes('semi-space'))) process.execArgv.push('--max-semi-space-size=64');

module.exports = {
  testEnvironment: 'node',
  // the real binary is started some hundred times; on a busy machine a start can take seconds
  testTimeout: 60_000,
  // every core: half of the suites wait for child processes or disks
  maxWorkers: '100%',
  reporters: ['default', '<rootDir>/scripts/plainReporter.cjs'],
  ...(unbundled ? {} : { runtime: '<rootDir>/scripts/runtimeForTests.cjs' }),
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
