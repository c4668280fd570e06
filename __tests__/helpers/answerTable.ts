import { copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './files.js';
import { recordedAnswers } from './recordedAnswers.js';
import { runCli } from './runCli.js';

interface Around {
  /** files that are made for the calls */
  files?(): Promise<Record<string, string | Uint8Array>>;
  /** files of __tests__/reference, by the names that the calls have for them */
  readonly copies?: Readonly<Record<string, string>>;
}

/** How many mistakes are known is no part of an answer: one more would change them all. */
const KNOWN = /tested \d+ explanations/;

/** One test for each call of a table, in a folder with these files: exit code, both streams, and which files were written. UPDATE_OUT=1 writes it anew. */
export function testAnswers(table: string, { files = async () => ({}), copies = {} }: Around): void {
  const calls = recordedAnswers(table);
  const { path, write } = temporaryFolder();
  const home = process.cwd();
  const seen: string[] = [];
  let given: Set<string>;
  beforeAll(async () => {
    for (const [name, content] of Object.entries(await files())) write(name, content);
    for (const [name, from] of Object.entries(copies)) copyFileSync(join(home, '__tests__/reference', from), path(name));
    process.chdir(path('.'));
    given = new Set(readdirSync('.'));
  });
  afterEach(() => {
    for (const name of readdirSync(path('.'))) if (!given.has(name)) rmSync(path(name));
  });
  afterAll(() => {
    process.chdir(home);
    if (process.env.UPDATE_OUT === '1') writeFileSync(table, seen.join('\n'));
  });

  it.each(calls.map(({ call, expected }) => [call, expected]))('%s', async (call, expected) => {
    const { exit, stdout, stderr } = await runCli(call);
    const written = readdirSync('.').filter(name => !given.has(name));
    const answer = [
      exit,
      stdout.trimEnd().replace(KNOWN, 'tested … explanations'),
      stderr.trimEnd(),
      ...written.map(name => `wrote ${name}`),
    ]
      .filter(text => text !== '')
      .join('\n');
    seen.push(`$ ${call}\n${answer}\n`);
    if (process.env.UPDATE_OUT !== '1') expect(answer).toBe(expected);
  });
}
