import { writeFileSync } from 'node:fs';
import { pendingIn, sharePending, writeAtomic } from '../../src/run/files/atomicWrite.js';
import { temporaryFolder } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

const { path } = temporaryFolder();

it.each([
  ['large.json', 2_000_000, true],
  ['small.json', 200, false],
  ['large.csv', 4_000, false],
])('a thread is for large texts that are parsed in one go: %s with %i numbers', async (file, count, moves) => {
  // as many bytes, in fewer numbers
  const row = file.endsWith('json') ? '[1,2],' : `1,2.${'0'.repeat(3000)}\n`;
  const rows = row.repeat(count / 2 - 1);
  writeFileSync(path(file), file.endsWith('json') ? `[${rows}[1,2]]` : `${rows}1,2\n`);
  const moved: (readonly string[])[] = [];
  const runInThread = async (argv: readonly string[]) => moved.push(argv) - 1;
  const words = ['inspect', path(file), '-q'];
  expect((await runCli(words, { runInThread })).exit).toBe(0);
  expect(moved).toEqual(moves ? [words] : []);
});

it('tells the names of temporary files before they exist, and that they are gone', async () => {
  const memory = new SharedArrayBuffer(4096);
  sharePending(memory);
  expect(pendingIn(memory)).toEqual([]);
  let during: string[] = [];
  await writeAtomic(path('y.npy'), async sink => {
    during = pendingIn(memory);
    await sink.write(new Uint8Array(3));
  });
  expect(during).toEqual([expect.stringMatching(/\.rnn-cli-.*\.tmp$/)]);
  expect(pendingIn(memory)).toEqual([]);
});
