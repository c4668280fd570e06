import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { callsOf, commandFolder, pipedCall, runCalls } from './helpers/shellLines.js';

/**
 * Every block ```sh in README.md and docs/ that has a block ```text right behind it runs, and prints what stands there: in-process where it only
 * calls rnn-cli, alone or piped into something, else with the real binary under bash.
 * The blocks of one page run in one folder, which holds the files of examples/tutorial and examples/digits.
 * `npm run docs` writes the outputs anew.
 */
jest.setTimeout(240_000);

const root = join(__dirname, '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true }).map(path => join('docs', String(path)))].filter(path =>
  path.endsWith('.md'),
);

interface Block {
  readonly command: string;
  readonly output: string;
  /** where the output stands in the page */
  readonly from: number;
  readonly to: number;
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```sh\n((?:(?!```).*\n)*)```\n\n```text\n((?:(?!```).*\n)*)```$/gm)].map(match => {
    const to = match.index + match[0].length - 3;
    return { command: match[1], output: match[2], from: to - match[2].length, to };
  });
}

/** What grows with the tool or depends on the machine. */
function stable(output: string): string {
  return output.replace(/tested \d+ explanations/g, 'tested … explanations').replaceAll(/took \d+\.\d+ s/g, 'took … s');
}

/** jq is no dependency: where it is missing, the commands that use it are left out. */
const hasJq = spawnSync('jq', ['--version']).status === 0;

const bin = commandFolder();

async function run(command: string, cwd: string, as = stable): Promise<string> {
  const calls = callsOf(command);
  if (calls) {
    const { shown, exits } = await runCalls(calls, cwd);
    expect([command, exits.includes(70)]).toEqual([command, false]);
    return as(shown);
  }
  // the relaxed kernel is in the built package alone
  const piped = command.includes('--fast') ? undefined : pipedCall(command);
  if (piped) {
    const { shown, stdout, exits } = await runCalls([piped.call], cwd);
    expect([command, exits.includes(70), shown]).toEqual([command, false, stdout]);
    return as(spawnSync('bash', ['-c', piped.rest], { cwd, input: stdout, encoding: 'utf8' }).stdout);
  }
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  for (const name of ['FORCE_COLOR', 'NO_COLOR', 'COLUMNS']) delete env[name];
  try {
    const { stdout } = await promisify(execFile)('bash', ['-c', `exec 2>&1\n${command}`], { cwd, env });
    return as(stdout);
  } catch (error) {
    // compare ends with 1 where outputs differ; a command that cannot run is no documentation
    const { code, stdout } = error as { code: number; stdout: string };
    if (code === 126 || code === 127 || code === 70) throw error;
    return as(stdout);
  }
}

it('there are pages with commands', () => {
  expect(pages.length).toBeGreaterThan(8);
  expect(pages.flatMap(page => blocksOf(readFileSync(join(root, page), 'utf8'))).length).toBeGreaterThan(25);
});

it.each(pages)('%s prints what its commands print', async page => {
  const path = join(root, page);
  const text = readFileSync(path, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'rnn-cli-docs-'));
  cpSync(join(root, 'examples', 'tutorial'), folder, { recursive: true });
  cpSync(join(root, 'examples', 'digits'), folder, { recursive: true });
  try {
    let fresh = text;
    const wrong: { command: string; printed: string; page: string }[] = [];
    let moved = 0;
    for (const { command, output, from, to } of blocksOf(text)) {
      if (!hasJq && /\bjq\b/.test(command)) continue;
      const printed = await run(command, folder);
      if (printed !== output) wrong.push({ command, printed, page: output });
      fresh = fresh.slice(0, from + moved) + printed + fresh.slice(to + moved);
      moved += printed.length - output.length;
    }
    if (process.env.UPDATE_DOCS === '1') writeFileSync(path, fresh);
    else expect(wrong).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it.each(pages)('%s links to files that exist', page => {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  // not what stands in code: `READERS[kind](config)`
  for (const [, target] of text.replace(/(`+).*?\1/g, '').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
    if (/^https?:/.test(target)) continue;
    expect(() => readFileSync(join(root, page, '..', target))).not.toThrow();
  }
});

it.each(readdirSync(join(root, 'docs', 'internals', 'survivors')).filter(name => name.endsWith('.json')))(
  'every surviving mutant of %s has its reason, and the page is made of the list',
  name => {
    const list = JSON.parse(readFileSync(join(root, 'docs', 'internals', 'survivors', name), 'utf8')) as {
      survivors: { file: string; reason: string }[];
    };
    expect(list.survivors.filter(({ reason }) => !/^(equivalent|left): \S/.test(reason))).toEqual([]);
    const page = readFileSync(join(root, 'docs', 'internals', 'survivors', name.replace(/json$/, 'md')), 'utf8');
    expect(page.match(/^- src\//gm) ?? []).toHaveLength(list.survivors.length);
  },
);

it.each(pages.filter(page => blocksOf(readFileSync(join(root, page), 'utf8')).length > 0))('%s says where its commands run', page => {
  expect(readFileSync(join(root, page), 'utf8')).toMatch(/^Commands run in (?:any folder|a folder with|`examples\/)/m);
});

it.each([
  ['docs/images/session.svg', 'node scripts/session.mjs'],
  ['docs/images/network.svg', 'rnn-cli shapes --svg -'],
  ['docs/images/lstm.svg', 'rnn-cli forward --cell lstm --svg -'],
])('%s is what %s draws', async (picture, command) => {
  const drawn = await run(command, root, text => text);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(join(root, picture), drawn);
  else expect(stable(drawn)).toBe(stable(readFileSync(join(root, picture), 'utf8')));
});
