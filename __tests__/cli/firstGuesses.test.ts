import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/commandWords.js';
import { parseArgv } from '../../src/cli/program.js';
import { bytesOf } from '../helpers/files.js';
import { recordedAnswers } from '../helpers/recordedAnswers.js';
import { runCli, words } from '../helpers/runCli.js';

/**
 * What people try first, and the answer each gets, in firstGuesses.txt: the error, what to do, and the whole line as it was meant. Its
 * answers are refreshed by UPDATE_OUT=1 npx jest firstGuesses. Every line that an answer suggests is run.
 */
const table = join(__dirname, 'firstGuesses.txt');
const guesses = recordedAnswers(table, '$ rnn-cli ');
const reference = join(__dirname, '..', 'reference');

/** Lines of an answer that can be typed as they stand. */
const suggestions = (stderr: string) =>
  [...stderr.matchAll(/^ {2}(?:try|fix): rnn-cli (.*)$/gm)]
    .map(match => match[1])
    .filter(
      line =>
        /^(?:-|[a-z]+ ?)/.test(line) &&
        COMMANDS.some(name => line === name || line.startsWith(`${name} `)) &&
        !/--help lists|\b(?:FILE|IN|OUT|A|B)\b/.test(line),
    );

describe('a first guess', () => {
  const home = process.cwd();
  let folder: string;
  const seen: string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guesses-'));
    for (const file of ['w.npz', 'x.npy', 'y.npy']) cpSync(join(reference, 'student', 'printed', file), join(folder, file));
    cpSync(join(reference, 'student', 'model.keras'), join(folder, 'model.keras'));
    cpSync(join(__dirname, '..', '..', 'examples', 'tutorial', 'model.keras'), join(folder, 'net.keras'));
    writeFileSync(join(folder, 'net.json'), '{"input":{"features":3},"layers":[{"kind":"lstm","units":5}]}');
    writeFileSync(join(folder, 'h.npy'), await bytesOf('npy', { npy: { shape: [1, 5], data: new Float32Array(5).fill(0.5) } }));
    given = readdirSync(folder);
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
    if (process.env.UPDATE_OUT === '1') writeFileSync(table, seen.join('\n'));
  });

  // what one guess writes, no other may find
  let given: readonly string[];
  afterEach(() => {
    for (const file of readdirSync(folder)) if (!given.includes(file)) rmSync(join(folder, file));
  });

  it('the table has at least 400', () => expect(new Set(guesses.map(g => g.call)).size).toBeGreaterThanOrEqual(400));

  it.each(guesses.map(g => [g.call, g.expected]))('rnn-cli %s', async (line, expected) => {
    const { exit, stderr } = await runCli(line);
    const answer = `${exit}\n${stderr}`;
    seen.push(`$ rnn-cli ${line}\n${answer}`);
    if (process.env.UPDATE_OUT !== '1') expect(answer.trimEnd()).toBe(expected);
    for (const suggestion of suggestions(stderr)) {
      // it is understood, and it runs; compare may find a difference
      const force = / --?o(?:ut)? |--svg|^convert/.test(suggestion) ? ['--force'] : [];
      const ran = await runCli([...words(suggestion), ...force]);
      // a network on one line leaves sizes open that only the user knows
      const failed = ran.stderr.startsWith('error') && !ran.stderr.includes('[E_SIZE]');
      expect([suggestion, failed ? ran.stderr : '', ran.exit]).toEqual([suggestion, '', expect.any(Number)]);
    }
  });
});

it('every line that an answer to a wrong call suggests is understood', () => {
  const lines = suggestions(readFileSync(join(__dirname, 'wrongCalls.txt'), 'utf8'));
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) expect([line, parseArgv(words(line)).kind]).toEqual([line, expect.any(String)]);
});
