// jest's runner of a test file without its word to the parent process on every test, of which the reporters make nothing.
const { default: run } = require('jest-circus/runner');

module.exports = (globalConfig, config, environment, runtime, path) => run(globalConfig, config, environment, runtime, path);
