import { pendingIn, sharePending, writeAtomic } from '../../src/run/atomicWrite.js';
import { allowElsewhere, ELSEWHERE, keepInput, stayHere, takeInput, takesLong } from '../../src/run/elsewhere.js';
import { temporaryFolder } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

const { path } = temporaryFolder();

describe('work that takes long', () => {
  afterEach(stayHere);

  it('stays where no thread is allowed', () => {
    expect(() => takesLong({ bytes: 1e12 })).not.toThrow();
  });

  it('is thrown out once where one is, and what is short stays', () => {
    allowElsewhere();
    expect(() => takesLong({ bytes: 1e5, numbers: 1000 })).not.toThrow();
    expect(() => takesLong({ plain: 1e8 })).toThrow(ELSEWHERE);
    expect(() => takesLong({ plain: 1e8 })).not.toThrow();
  });

  it('adds up what its parts take', () => {
    allowElsewhere();
    expect(() => takesLong({ batched: 2e8 })).not.toThrow();
    expect(() => takesLong({ batched: 2e8, numbers: 2e6 })).toThrow(ELSEWHERE);
  });

  it('stays while standard input is read in pieces', () => {
    allowElsewhere();
    const leave = stayHere();
    expect(() => takesLong({ bytes: 1e12 })).not.toThrow();
    leave();
    expect(() => takesLong({ bytes: 1e12 })).toThrow(ELSEWHERE);
  });

  it('takes standard input along, once, and keeps it only where a thread may want it', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    keepInput(bytes);
    expect(takeInput()).toBeUndefined();
    allowElsewhere();
    keepInput(bytes);
    expect([takeInput(), takeInput()]).toEqual([bytes, undefined]);
  });

  it.each([
    ['forward --cell lstm --M 64 --N 40 --T 30 --engine manual', true],
    ['forward --cell lstm --M 64 --N 40 --T 30', false],
    ['forward --M 300 --N 4000', true],
    ['compare --M 40 --N 30 --T 50', true],
    ['compare', false],
    ['probe', false],
    ['shapes --M 1000000', false],
  ])('%s', async (line, moves) => {
    const moved: (readonly string[])[] = [];
    const elsewhere = async (argv: readonly string[]) => moved.push(argv) - 1;
    const { exit, stdout } = await runCli(line, { elsewhere });
    expect([exit, moved]).toEqual([0, moves ? [line.split(' ')] : []]);
    expect(stdout === '').toBe(moves);
  });
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
