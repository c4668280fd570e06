import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordedAnswers } from '../helpers/recordedAnswers.js';
import { runCli } from '../helpers/runCli.js';
import { wrongFiles } from './wrongFiles.js';

/**
 * Every wrong call with the exit code and the exact message it gets, in wrongCalls.txt. Its lines are refreshed by UPDATE_OUT=1 npx jest wrongCalls,
 * and are then read by a person.
 */
const table = join(__dirname, 'wrongCalls.txt');
const calls = recordedAnswers(table, '$ rnn-cli ');

describe('a wrong call', () => {
  const home = process.cwd();
  let folder: string;
  const seen: string[] = [];
  beforeAll(async () => {
    folder = await wrongFiles();
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
    if (process.env.UPDATE_OUT === '1') writeFileSync(table, seen.join('\n'));
  });

  it('the table has at least 60', () => expect(new Set(calls.map(c => c.call)).size).toBeGreaterThanOrEqual(60));

  it.each(calls.map(c => [c.call, c.expected]))('rnn-cli %s', async (call, expected) => {
    const { exit, stdout, stderr } = await runCli(call);
    seen.push(`$ rnn-cli ${call}\n${exit}\n${stderr}`);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/\bat .*\(.*:\d+:\d+\)/);
    if (process.env.UPDATE_OUT !== '1') expect(`${exit}\n${stderr.trimEnd()}`).toBe(expected);
  });
});
