#!/usr/bin/env node
import { createRequire } from 'node:module';

let cli;
try {
  cli = createRequire(import.meta.url)('../dist/cli.cjs');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  process.stderr.write('error: rnn-cli is not built: dist/cli.cjs is missing   [E_NOT_BUILT]\n  fix: npm run build\n');
  process.exitCode = 70;
}
cli?.start();
