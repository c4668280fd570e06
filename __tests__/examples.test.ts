import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { THOROUGH } from './helpers/effort.js';
import { callsOf, commandFolder, runCalls } from './helpers/shellLines.js';

/**
 * Every examples/**\/*.sh runs with the real binary as `rnn-cli`, every .mjs with the built library, and prints what stands in the .out file beside it
 * (UPDATE_OUT=1 npx jest examples refreshes them). The scripts of mistakes/ have the same lines but for a network and flags: their calls run in
 * this process, but for the first script's (of all with RNN_CLI_THOROUGH=1).
 */
jest.setTimeout(120_000);

const root = join(__dirname, '..');
const examples = join(root, 'examples');
const scripts = readdirSync(examples, { recursive: true })
  .map(String)
  .filter(path => path.endsWith('.sh') || /^[^/\\]+\.mjs$/.test(path));

const inProcess = scripts.filter(path => /^mistakes\W/.test(path)).slice(1);
const MISTAKE =
  /^# .*\ndir=\$\(mktemp -d\) && trap 'rm -r "\$dir"' EXIT\nnetwork='(.*)'\n(rnn-cli probe .*)\nnode loops\.mjs (\S+) "\$dir\/probe\.json" \| (rnn-cli compare .*) \|\| \[ \$\? = 1 \]\n$/;

/** A script of mistakes/: stdin is what its loop prints. */
async function mistake(script: string, dir: string): Promise<string> {
  const [network, probe, name, compare] = MISTAKE.exec(readFileSync(script, 'utf8'))!.slice(1);
  const calls = callsOf(`${probe}\n${compare}\n`.replaceAll('$network', network).replaceAll('"$dir/', `"${dir}/`))!;
  const first = await runCalls(calls.slice(0, 1), dir);
  expect(first).toEqual({ shown: '', stdout: '', exits: [0] });
  const loop = await promisify(execFile)(process.execPath, [join(script, '..', 'loops.mjs'), name, join(dir, 'probe.json')]);
  const before = Object.getOwnPropertyDescriptor(process, 'stdin')!;
  Object.defineProperty(process, 'stdin', { ...before, get: () => Readable.from([Buffer.from(loop.stdout)]) });
  try {
    const { shown, exits } = await runCalls(calls.slice(1), dir);
    expect([0, 1]).toContain(exits[0]);
    return shown;
  } finally {
    Object.defineProperty(process, 'stdin', before);
  }
}

describe('examples', () => {
  const bin = commandFolder();

  it('there are some', () => expect(scripts.length).toBeGreaterThanOrEqual(4));

  it.each(scripts)('%s', async script => {
    const path = join(examples, script);
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, FORCE_COLOR: undefined } as NodeJS.ProcessEnv;
    const { stdout, stderr } =
      inProcess.includes(script) && !THOROUGH
        ? { stdout: await mistake(path, mkdtempSync(join(bin, 'mistake-'))), stderr: '' }
        : await promisify(execFile)(path.endsWith('.sh') ? 'bash' : process.execPath, [path], { env, cwd: join(path, '..') });
    const expected = path.replace(/\.(sh|mjs)$/, '.out');
    // how many explanations there are grows with the tool
    const shown = stdout.replace(/tested \d+ explanations +residual/, 'tested … explanations   residual');
    if (process.env.UPDATE_OUT === '1') writeFileSync(expected, shown);
    expect(stderr).toBe('');
    expect(existsSync(expected)).toBe(true);
    expect(shown).toBe(readFileSync(expected, 'utf8'));
  });
});
