#!/usr/bin/env node
let cli;
try {
  cli = require('../dist/cli.cjs');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  process.stderr.write('error: rnn-cli is not built: dist/cli.cjs is missing   [E_NOT_BUILT]\n  fix: npm run build\n');
  process.exitCode = 70;
}
cli?.start();
