// Writes man/rnn-cli.1 from the tables of src/cli (npm run man). A test holds the file to them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-man-'));
try {
  const outfile = join(folder, 'manPage.mjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/manPage.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  const { manPage } = await import(pathToFileURL(outfile).href);
  writeFileSync(join(root, 'man', 'rnn-cli.1'), manPage(version));
} finally {
  rmSync(folder, { recursive: true });
}
