import '../helpers/unbundled.js';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from '../../src/run/files/atomicWrite.js';
import { THOROUGH } from '../helpers/effort.js';
import { type Call, disk } from '../helpers/faultyDisk.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

/**
 * Every command that writes, on a disk whose N-th open, read, write, sync, rename or link fails, for every N until that is no longer reached (from the
 * sixth on a quarter of them but for npm run test:thorough): each
 * file is whole, the old one or the new one, nothing else stands in the folder, and the exit code is 4 with one message.
 */
jest.mock('../../src/run/files/disk', () =>
  jest.requireActual('../helpers/faultyDisk').faultyFs(jest.requireActual('../../src/run/files/disk')),
);

const { path } = temporaryFolder();

interface Command {
  readonly name: string;
  /** % is the folder */
  readonly line: string;
  readonly writes: readonly string[];
}

const COMMANDS: readonly Command[] = [
  { name: 'forward', line: 'forward -i %/x.npy -o %/y.npz', writes: ['y.npz'] },
  { name: 'forward in pieces, .npy', line: 'forward -i %/x.npy --chunk 2 -o %/y.npy', writes: ['y.npy'] },
  { name: 'forward in pieces, .csv', line: 'forward -i %/x.npy --chunk 2 -o %/y.csv', writes: ['y.csv'] },
  // lines: the number of samples is known at the end, and the header is written again
  { name: 'forward in pieces, from lines', line: 'forward -i %/x.jsonl --chunk 2 -o %/y.npy', writes: ['y.npy'] },
  { name: 'forward --trace FILE', line: 'forward -i %/x.npy -o %/y.npy --trace %/t.npz', writes: ['y.npy', 't.npz'] },
  { name: 'forward --svg', line: 'forward -i %/x.npy --svg %/h.svg', writes: ['h.svg'] },
  { name: 'shapes --svg', line: 'shapes --svg %/n.svg', writes: ['n.svg'] },
  { name: 'convert', line: 'convert %/w.npz %/w.safetensors --to torch', writes: ['w.safetensors'] },
  { name: 'probe', line: 'probe --T 2 --D 1 --M 1 --K 0 -o %/p.npz', writes: ['p.npz'] },
];

const INPUTS = new Map<string, Uint8Array>();
const OLD = Buffer.from('the old content, whole');

beforeAll(async () => {
  const numbers = (count: number) => Float32Array.from({ length: count }, (_, k) => Math.fround(((k * 37) % 101) / 101 - 0.5));
  const x = { shape: [5, 4, 3], data: numbers(60) };
  INPUTS.set('x.npy', await bytesOf('npy', { x }));
  INPUTS.set('x.jsonl', await bytesOf('jsonl', { jsonl: x }));
  const kernel = (...shape: number[]) => ({ shape, data: numbers(shape.reduce((a, b) => a * b, 1)) });
  const weights = { arr_0: kernel(3, 5), arr_1: kernel(5, 5), arr_2: kernel(5), arr_3: kernel(5, 2), arr_4: kernel(2) };
  INPUTS.set('w.npz', await bytesOf('npz', weights));
});

afterEach(() => disk.reset());

/** The folder anew: the inputs, and the old files where they are to be written over. */
function folderFor({ writes }: Command, force: boolean): string {
  const folder = path('disk');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, bytes] of INPUTS) writeFileSync(join(folder, name), bytes);
  if (force) for (const name of writes) writeFileSync(join(folder, name), OLD);
  return folder;
}

async function run({ line }: Command, folder: string, force: boolean) {
  return runCli([...line.split(' ').map(word => word.replace('%', folder)), ...(force ? ['--force'] : []), '-q']);
}

const KINDS: readonly (readonly [Call, string])[] = [
  ['open', 'EMFILE'],
  ['read', 'EIO'],
  ['write', 'ENOSPC'],
  ['sync', 'EIO'],
  ['rename', 'EROFS'],
];
/** without --force a file gets its name by a link; the rest is the same */
const KINDS_OF_NEW: typeof KINDS = [
  ['write', 'EIO'],
  ['link', 'ENOSPC'],
];

describe.each(COMMANDS.map(command => [command.name, command] as const))('%s', (_, command) => {
  it.each([true, false])('over old files: %s', async force => {
    const good = folderFor(command, force);
    expect(await run(command, good, force)).toMatchObject({ exit: 0, stderr: expect.stringMatching(/^( assumed .*\n| {10}\(.*\n)*$/) });
    const contents = new Map(command.writes.map(name => [name, readFileSync(join(good, name))]));
    const all = readdirSync(good).sort();
    expect(all).toEqual([...INPUTS.keys(), ...command.writes].sort());
    let failed = 0;
    for (const [call, code] of force ? KINDS : KINDS_OF_NEW) {
      for (let after = 1, reached = true; reached; after += after < 6 || THOROUGH ? 1 : 4) {
        const folder = folderFor(command, force);
        disk.reset();
        disk.fault = { call, after, code };
        const { exit, stdout, stderr } = await run(command, folder, force);
        reached = (disk.counts.get(call) ?? 0) >= after;
        disk.reset();
        const found = readdirSync(folder).sort();
        const place = `${call} ${after}: exit ${exit}`;
        expect([place, found.filter(name => !all.includes(name))]).toEqual([place, []]);
        for (const [name, bytes] of INPUTS) expect(readFileSync(join(folder, name))).toEqual(Buffer.from(bytes));
        for (const [name, bytes] of contents) {
          const content = found.includes(name) ? readFileSync(join(folder, name)) : undefined;
          const whole = content?.equals(bytes) || (exit !== 0 && (force ? content?.equals(OLD) : content === undefined));
          expect([place, name, whole]).toEqual([place, name, true]);
        }
        if (exit === 0) continue;
        failed++;
        expect([place, stdout]).toEqual([`${call} ${after}: exit 4`, '']);
        expect(stderr).toMatch(/^error: [^\n]*\[E_(WRITE|READ|ACCESS)\]\n$/);
        expect(stderr).not.toContain('injected');
      }
    }
    expect(failed).toBeGreaterThanOrEqual(command.writes.length * 3);
  });
});

it('a sync behind a long write that fails is told, and no file is left', async () => {
  const folder = path('long');
  mkdirSync(folder);
  const piece = new Uint8Array(2 ** 24);
  const write = () =>
    writeAtomic(join(folder, 'y.npy'), async sink => {
      await sink.write(piece);
      await sink.write(piece.subarray(0, 5));
    });
  disk.fault = { call: 'datasync', after: 1, code: 'ENOSPC' };
  await expect(write()).rejects.toMatchObject({ code: 'E_WRITE', exit: 4, message: 'no space is left on the device' });
  expect(disk.counts.get('datasync')).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});
