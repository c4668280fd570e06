// Source is ESM TypeScript; jest runs it as CommonJS through swc. chalk and pbf ship ESM only, so they are transformed too.
module.exports = {
  testEnvironment: 'node',
  // the real binary is started some hundred times; on a busy machine a start can take seconds
  testTimeout: 60_000,
  // every core: half of the suites wait for child processes or disks
  maxWorkers: '100%',
  reporters: ['default', '<rootDir>/scripts/plainReporter.cjs'],
  globalSetup: '<rootDir>/scripts/buildForTests.cjs',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.(t|j|mj)s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }],
  },
  setupFiles: ['<rootDir>/__tests__/setup.ts'],
  transformIgnorePatterns: ['/node_modules/(?!(chalk|pbf)/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  collectCoverageFrom: ['src/**/*.ts', '!src/engines/batched/assembly/**'],
  coverageProvider: 'v8',
};
