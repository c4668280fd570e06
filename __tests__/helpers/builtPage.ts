import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Code and style of the page are put in by the build; for command lines that run in-process they are taken from a page that the binary wrote. */
export function useBuiltPage(): void {
  const binary = join(__dirname, '../../bin/rnn-cli.js');
  const { stdout } = spawnSync(process.execPath, [binary, 'shapes', '--html', '-'], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const style = /<style>([\s\S]*?)<\/style>/.exec(stdout)![1];
  const script = /<script>([\s\S]*)<\/script>/.exec(stdout)![1];
  const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');
  Object.assign(globalThis, { __PAGE__: JSON.stringify({ script, style, scriptSha256: sha256(script), styleSha256: sha256(style) }) });
}
