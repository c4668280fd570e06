import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Lines of a shell that only call rnn-cli need no process each: they run here, in their folder. */

/** The words of each line, or undefined where a shell is needed: a pipe, a variable, another program. */
export function callsOf(script: string): string[][] | undefined {
  const lines = script
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter(line => /\S/.test(line));
  const calls = lines.map(callOf);
  return calls.every(call => call !== undefined) ? calls : undefined;
}

function callOf(line: string): string[] | undefined {
  const found = /^rnn-cli((?:\s+(?:[^\s'"\\|&;<>$`(){}*?~#!]|'[^']*'|"[^"\\$`!]*")+)*)\s*$/.exec(line);
  return found?.[1].match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)?.map(word => word.replace(/'([^']*)'|"([^"]*)"/g, (_, a, b) => a ?? b));
}

/** `rnn-cli … | rest`: the words of the call, and what its output is piped into. */
export function pipedCall(script: string): { call: string[]; rest: string } | undefined {
  const [, first, rest] = /^(rnn-cli[^|\n]*)\|(?!\|)([^\n]*)\n$/.exec(script) ?? [];
  const call = first === undefined ? undefined : callOf(first);
  return call && { call, rest };
}

/** What a terminal would show of them, stdout and stderr in the order written. */
export async function runCalls(
  calls: readonly (readonly string[])[],
  cwd: string,
): Promise<{ shown: string; stdout: string; exits: number[] }> {
  // the build puts the version in; files that are written have it
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));
  Object.assign(globalThis, { __VERSION__: version });
  const { main } = await import('../../src/cli/main.js');
  const before = process.cwd();
  const shown: Buffer[] = [];
  const out: Buffer[] = [];
  const exits: number[] = [];
  const stream = (...lists: Buffer[][]) => ({
    write(data: string | Uint8Array, done: (error?: Error | null) => void) {
      for (const list of lists) list.push(Buffer.from(data as string));
      done();
    },
    on: () => undefined,
  });
  process.chdir(cwd);
  try {
    for (const argv of calls) exits.push(await main(argv, { stdout: stream(shown, out), stderr: stream(shown), env: {} } as never));
  } finally {
    process.chdir(before);
  }
  return { shown: Buffer.concat(shown).toString('utf8'), stdout: Buffer.concat(out).toString('utf8'), exits };
}

/** A folder for PATH with `rnn-cli` in it, while the tests of this file run. */
export function commandFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-bin-'));
  const shim = join(folder, 'rnn-cli');
  writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(__dirname, '..', '..', 'bin', 'rnn-cli.js')}" "$@"\n`);
  chmodSync(shim, 0o755);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
