// The code and the style of the page that --html writes, built once and the same in every page.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildForBrowser } from './browser.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns what src/report/pageBundle.ts holds: script, style and their digests for the content security policy */
export async function buildPage() {
  const script = await buildForBrowser({
    entryPoints: ['src/page/main.ts'],
    details: false,
    format: 'iife',
    minify: true,
    charset: 'utf8',
  });
  const { outputFiles } = await build({ absWorkingDir: root, entryPoints: ['src/page/page.css'], minify: true, write: false });
  const style = outputFiles[0].text.trim();
  return { script, scriptSha256: sha256(script), style, styleSha256: sha256(style) };
}

function sha256(text) {
  return createHash('sha256').update(text).digest('base64');
}
