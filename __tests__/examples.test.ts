import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Every examples/**\/*.sh runs with the real binary as `rnn-cli`, every .mjs with the built library, and prints what stands in the .out file beside it
 * (UPDATE_OUT=1 npx jest examples refreshes them).
 */
jest.setTimeout(120_000);

const root = join(__dirname, '..');
const examples = join(root, 'examples');
const scripts = readdirSync(examples, { recursive: true })
  .map(String)
  .filter(path => path.endsWith('.sh') || /^[^/\\]+\.mjs$/.test(path));

describe('examples', () => {
  let bin: string;
  beforeAll(() => {
    bin = mkdtempSync(join(tmpdir(), 'rnn-cli-bin-'));
    const shim = join(bin, 'rnn-cli');
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'bin', 'rnn-cli.js')}" "$@"\n`);
    chmodSync(shim, 0o755);
  });
  afterAll(() => rmSync(bin, { recursive: true, force: true }));

  it('there are some', () => expect(scripts.length).toBeGreaterThanOrEqual(4));

  it.each(scripts)('%s', async script => {
    const path = join(examples, script);
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, FORCE_COLOR: undefined } as NodeJS.ProcessEnv;
    const { stdout, stderr } = await promisify(execFile)(path.endsWith('.sh') ? 'bash' : process.execPath, [path], {
      env,
      cwd: join(path, '..'),
    });
    const expected = path.replace(/\.(sh|mjs)$/, '.out');
    // how many explanations there are grows with the tool
    const shown = stdout.replace(/tested \d+ explanations +residual/, 'tested … explanations   residual');
    if (process.env.UPDATE_OUT === '1') writeFileSync(expected, shown);
    expect(stderr).toBe('');
    expect(existsSync(expected)).toBe(true);
    expect(shown).toBe(readFileSync(expected, 'utf8'));
  });
});
