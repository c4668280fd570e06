import '../helpers/unbundled.js';
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/run/files/atomicWrite.js';
import { openFile } from '../../src/run/files/fileSource.js';
import { readBytes } from '../../src/run/files/files.js';
import { readArray } from '../../src/run/input/input.js';
import { withLimits } from '../../src/run/limits.js';
import { runShapes } from '../../src/run/shapes.js';
import { type Call, disk } from '../helpers/faultyDisk.js';
import { temporaryFolder } from '../helpers/files.js';

/** Files in and out, with a file system that fails when it is told to. */

jest.mock('../../src/run/files/disk', () =>
  jest.requireActual('../helpers/faultyDisk').faultyFs(jest.requireActual('../../src/run/files/disk')),
);

const { path, write } = temporaryFolder();
const isRoot = process.getuid?.() === 0;
const onWindows = process.platform === 'win32';
/** Windows has no modes, and gives symbolic links to administrators only. */
const onPosix = onWindows ? it.skip : it;

beforeEach(() => disk.reset());

/** Other bytes at the same length, at another time. */
function rewritten(file: string): void {
  writeFileSync(file, Buffer.alloc(statSync(file).size, 7));
  utimesSync(file, 1, 1);
}

async function failure(body: () => Promise<unknown>): Promise<RnnError> {
  const error = await body().then(
    () => undefined,
    e => e,
  );
  expect(error).toBeInstanceOf(RnnError);
  return error;
}

const OLD = Buffer.from('the old content, whole');
const NEW = Buffer.from('the new content, which is longer than the old one, in several writes');
const folderOf = (name: string) => {
  mkdirSync(path(name));
  return join(path(name), 'y.npy');
};

describe('faults while writing', () => {
  const calls: Call[] = ['open', 'write', 'sync', 'rename', 'link'];
  const codes = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE'];

  it.each(calls.flatMap(call => codes.map(code => [call, code] as const)))(
    '%s failing with %s at every call leaves the old file whole or the new one, never a part, and no temporary',
    async (call, code) => {
      let failed = 0;
      for (const force of [true, false]) {
        // every N until the N-th call is no longer reached
        for (let after = 1, reached = true; reached; after++) {
          const target = folderOf(`${call}-${code}-${after}-${force}`);
          if (force) writeFileSync(target, OLD);
          disk.counts.clear();
          disk.fault = { call, after, code };
          const error = await writeFileAtomic(target, NEW, { force }).then(
            () => undefined,
            e => e,
          );
          reached = (disk.counts.get(call) ?? 0) >= after;
          disk.fault = undefined;
          const content = existsSync(target) ? readFileSync(target) : undefined;
          if (error) {
            failed++;
            expect(reached).toBe(true);
            expect([error.exit, error.code]).toEqual([4, 'E_WRITE']);
            expect(error.message).not.toContain('injected');
            expect(content).toEqual(force ? OLD : undefined);
          } else expect(content).toEqual(NEW);
          expect(readdirSync(dirname(target)).filter(name => name !== 'y.npy')).toEqual([]);
        }
      }
      expect(failed).toBeGreaterThan(0);
    },
  );

  const codesOfSystem = 'ENOSPC EDQUOT EFBIG EIO EMFILE ENFILE ENOENT ENOTDIR EROFS ENAMETOOLONG EPIPE EEXIST EACCES EPERM'.split(' ');
  it.each(codesOfSystem)('%s is told in a sentence of its own', async code => {
    disk.fault = { call: 'open', after: 1, code };
    const error = await failure(() => writeFileAtomic(folderOf(`told-${code}`), NEW));
    expect(error.code).toBe(code === 'EEXIST' ? 'E_EXISTS' : code === 'EACCES' || code === 'EPERM' ? 'E_ACCESS' : 'E_WRITE');
    expect(error.message).toMatch(/^[a-z -]{14,}$/);
  });

  it('an unsupported link falls back to a rename', async () => {
    const target = folderOf('no-links');
    disk.fault = { call: 'link', after: 1, code: 'ENOTSUP' };
    await writeFileAtomic(target, NEW);
    expect(readFileSync(target)).toEqual(NEW);
  });
});

describe('faults while reading', () => {
  it.each((['open', 'read'] as const).flatMap(call => ['EIO', 'EMFILE', 'ENOENT', 'EACCES'].map(code => [call, code] as const)))(
    '%s failing with %s at its N-th call is exit 4 without an internal word',
    async (call, code) => {
      const file = write('read.bin', NEW);
      disk.mostRead = 3;
      let failed = 0;
      for (let after = 1; after <= 20; after++) {
        disk.counts.clear();
        disk.fault = { call, after, code };
        const result = await readBytes(file).catch(e => e);
        if (result instanceof Error) {
          failed++;
          expect(result).toBeInstanceOf(RnnError);
          expect((result as RnnError).exit).toBe(4);
          expect(result.message).not.toContain('injected');
        } else expect(Buffer.from(result)).toEqual(NEW);
      }
      expect(failed).toBe(call === 'open' ? 1 : 20);
    },
  );

  it('short reads give the whole file', async () => {
    const content = Buffer.from(Array.from({ length: 1000 }, (_, k) => k & 255));
    disk.mostRead = 3;
    expect(Buffer.from(await readBytes(write('short.bin', content)))).toEqual(content);
    expect(disk.counts.get('read')).toBeGreaterThan(300);
  });
});

describe('reading', () => {
  it.each([
    ['shrinks', (file: string) => truncateSync(file, 10)],
    ['grows', (file: string) => appendFileSync(file, 'more')],
    ['is written again in its length', rewritten],
  ])('a file that %s meanwhile is refused', async (_, change) => {
    const file = write('changing.bin', NEW);
    disk.mostRead = 3;
    disk.beforeRead = () => {
      if (disk.counts.get('read') === 5) change(file);
    };
    expect(await failure(() => readBytes(file))).toMatchObject({ code: 'E_CHANGED', message: 'the file changed while it was read' });
  });

  it('a file whose numbers are read later than its header is refused when it was written again between', async () => {
    const file = write('late.bin', Buffer.alloc(1 << 20, 1));
    const source = await openFile(file);
    expect(source.read(0, 16)).toHaveLength(16);
    expect(source.read(1 << 19, 16)[0]).toBe(1);
    rewritten(file);
    const { code, where } = await failure(async () => source.read(1 << 18, 16));
    expect([code, where]).toEqual(['E_CHANGED', file]);
    source.close();
  });

  it('an empty file has no bytes', async () => {
    expect(await readBytes(write('empty.bin', ''))).toHaveLength(0);
  });

  it('a file over the limit is refused with its exact size, before it is read', async () => {
    const error = await failure(() => withLimits({ maxFile: 1000 }, () => readBytes(write('large.bin', Buffer.alloc(1001)))));
    expect([error.code, error.exit, error.found]).toEqual(['E_FILE_SIZE', 5, '1001 bytes']);
    expect(disk.counts.get('read')).toBeUndefined();
  });

  it('--max-file and --max-memory bound what is read, and say which of them to raise', async () => {
    const file = write('numbers.csv', '1,2,3\n4,5,6\n');
    const tooLong = await failure(() => withLimits({ maxFile: 11 }, () => readBytes(file)));
    expect([tooLong.code, tooLong.exit, tooLong.expected, tooLong.fix]).toEqual([
      'E_FILE_SIZE',
      5,
      'at most 11 bytes',
      'raise it with --max-file if the machine has room',
    ]);
    expect(await withLimits({ maxFile: 12 }, () => readBytes(file))).toHaveLength(12);
    const tooLarge = await failure(() => withLimits({ maxMemory: 47 }, () => readArray(file, [])));
    expect([tooLarge.code, tooLarge.exit]).toEqual(['E_LIMIT_BYTES', 5]);
    expect(`${tooLarge.message} ${tooLarge.fix}`).toMatch(/48 bytes.*47.*--max-memory/);
    expect((await withLimits({ maxMemory: 48 }, () => readArray(file, []))).tensor.shape).toEqual([2, 3]);
  });

  it.each([
    ['a directory', () => path('.'), 'E_IS_DIRECTORY'],
    ['a file that is not there', () => path('none.npy'), 'E_NOT_FOUND'],
    ['a file in a folder that is not there', () => join(path('none'), 'x.npy'), 'E_NOT_FOUND'],
    ['a file used as a folder', () => join(write('plain', 'x'), 'x.npy'), onWindows ? 'E_NOT_FOUND' : 'E_READ'],
    ['a name of 5000 characters', () => path('x'.repeat(5000)), onWindows ? 'E_NOT_FOUND' : 'E_READ'],
  ])('%s is exit 4', async (_, name, code) => {
    const error = await failure(() => readBytes(name()));
    expect([error.code, error.exit]).toEqual([code, 4]);
  });

  it('a checkpoint of orbax is said to be one, with what makes arrays of it', async () => {
    mkdirSync(path('checkpoint'));
    write('checkpoint/_METADATA', '{}');
    const { code, message, fix } = await failure(() => readBytes(path('checkpoint')));
    expect([code, message]).toEqual(['E_IS_DIRECTORY', 'this is a checkpoint of orbax, not a file']);
    expect(fix).toContain('StandardCheckpointer().restore');
  });

  it('names in errors are escaped', async () => {
    const error = await failure(() => readBytes(path('\u001b[31mred\u202e')));
    expect(error.where).toContain('\\u001b[31mred\\u202e');
  });

  it('a name that was not UTF-8 is explained', async () => {
    expect((await failure(() => readBytes(path('caf\ufffd.npy')))).fix).toContain('not valid UTF-8');
  });

  const onLinux = process.platform === 'linux' ? describe : describe.skip;
  onLinux('special files of Linux', () => {
    it.each(['/dev/zero', '/dev/random', '/dev/full'])('%s is refused at once', async name => {
      const error = await failure(() => readBytes(name));
      expect([error.code, error.exit]).toEqual(['E_DEVICE', 4]);
    });

    it('/dev/null is an empty file', async () => {
      expect(await readBytes('/dev/null')).toHaveLength(0);
    });

    it('/proc/self/mem cannot be read, /proc/self/status can', async () => {
      expect((await failure(() => readBytes('/proc/self/mem'))).exit).toBe(4);
      expect(Buffer.from(await readBytes('/proc/self/status')).toString()).toContain('Pid:');
    });

    it('a loop of symbolic links is exit 4', async () => {
      symlinkSync(path('loop-b'), path('loop-a'));
      symlinkSync(path('loop-a'), path('loop-b'));
      expect((await failure(() => readBytes(path('loop-a')))).message).toContain('loop of symbolic links');
    });

    it('a pipe is read to its end, and not beyond the limit', async () => {
      const pipe = path('pipe');
      execFileSync('mkfifo', [pipe]);
      const feed = (bytes: number) => spawn('sh', ['-c', `head -c ${bytes} /dev/zero > "$0"`, pipe], { stdio: 'ignore' });
      feed(300_000);
      expect(await readBytes(pipe)).toHaveLength(300_000);
      feed(300_000);
      expect((await failure(() => withLimits({ maxFile: 1000 }, () => readBytes(pipe)))).code).toBe('E_FILE_SIZE');
    });

    it('a pipe that gives another network later is that network', async () => {
      const pipe = path('networks');
      execFileSync('mkfifo', [pipe]);
      const tutorial = join(__dirname, '../../examples/tutorial');
      const feed = (name: string) => spawn('sh', ['-c', 'cat "$0" > "$1"', join(tutorial, name), pipe], { stdio: 'ignore' });
      const paramsOf = async (name: string) => {
        feed(name);
        return (await runShapes({ model: pipe })).totals.params;
      };
      expect([await paramsOf('model.keras'), await paramsOf('lstm.keras')]).toEqual([57, 192]);
    });

    it('a file without permission is exit 4', async () => {
      const file = write('secret', 'x');
      chmodSync(file, 0);
      // root may read everything: as nobody else, then
      if (isRoot) process.seteuid?.('nobody');
      const error = await failure(() => readBytes(file)).finally(() => isRoot && process.seteuid?.(0));
      expect([error.code, error.exit]).toEqual(['E_ACCESS', 4]);
    });
  });
});

describe('writing', () => {
  it('refuses an existing file without force, also one that appears meanwhile', async () => {
    const target = folderOf('exists');
    writeFileSync(target, OLD);
    expect((await failure(() => writeFileAtomic(target, NEW))).code).toBe('E_EXISTS');
    const late = folderOf('late');
    const race = writeFileAtomic(late, NEW);
    writeFileSync(late, OLD);
    const error = await race.catch(e => e);
    if (error) expect(error.code).toBe('E_EXISTS');
    expect([OLD, NEW]).toContainEqual(readFileSync(late));
    expect(readFileSync(target)).toEqual(OLD);
  });

  onPosix('keeps the permissions of the file it replaces, and writes through a symbolic link', async () => {
    const target = folderOf('mode');
    writeFileSync(target, OLD);
    chmodSync(target, 0o640);
    const alias = join(dirname(target), 'alias.npy');
    symlinkSync(basename(target), alias);
    await writeFileAtomic(alias, NEW, { force: true });
    expect(readFileSync(target)).toEqual(NEW);
    expect(statSync(target).mode & 0o777).toBe(0o640);
    expect(readdirSync(dirname(target)).sort()).toEqual(['alias.npy', 'y.npy']);
  });

  it('sweeps what a dead process of ours left, and nothing else', async () => {
    const target = folderOf('stale');
    const here = dirname(target);
    await writeFileAtomic(target, OLD);
    // the name a run of ours uses, with the number of a process that is gone
    const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
    const spy = await nameOfTemporary(target);
    const temporary = join(here, spy.replace(/-\d+-[0-9a-f]{8}\.tmp$/, `-${dead}-0123abcd.tmp`));
    writeFileSync(temporary, 'half');
    const foreign = join(here, spy.replace(/^\.rnn-cli-[0-9a-f]{8}-\d+/, `.rnn-cli-00000000-${dead}`));
    writeFileSync(foreign, 'of another machine');
    writeFileSync(join(here, '.rnn-cli-notes.tmp'), 'mine');
    await writeFileAtomic(target, NEW, { force: true });
    expect(existsSync(temporary)).toBe(false);
    expect(readdirSync(here).sort()).toEqual(['.rnn-cli-notes.tmp', basename(foreign), 'y.npy'].sort());
  });

  it('the folder must exist and the target must be no directory', async () => {
    expect((await failure(() => writeFileAtomic(join(path('absent'), 'y.npy'), NEW))).message).toBe('the folder does not exist');
    expect((await failure(() => writeFileAtomic(dirname(path('x')), NEW, { force: true }))).code).toBe('E_IS_DIRECTORY');
  });

  (process.platform === 'linux' ? it : it.skip)('a device is written to, not replaced', async () => {
    await writeFileAtomic('/dev/null', NEW);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    const error = await failure(() => writeFileAtomic('/dev/full', NEW));
    expect([error.exit, error.message]).toEqual([4, 'no space is left on the device']);
  });
});

/** What the temporary file of a write is called: seen while a write of ours is stopped half-way. */
async function nameOfTemporary(target: string): Promise<string> {
  let name = '';
  const before = new Set(readdirSync(dirname(target)));
  const running = writeFileAtomic(target, Buffer.alloc(16 * 400), { force: true });
  while (name === '') {
    name = readdirSync(dirname(target)).find(n => !before.has(n)) ?? '';
    await new Promise(resolve => setImmediate(resolve));
  }
  await running;
  return name;
}
