import { main } from '../../src/cli/main.js';
import { type OutputStream, writerTo } from '../../src/cli/streams.js';

/** A stream that takes `room` bytes and then fails with `code`, as a disk or a pipe does. */
function failing(code: string, room = 0): OutputStream & { taken: string } {
  const listeners: ((error: Error) => void)[] = [];
  return {
    taken: '',
    write(data, done) {
      if (this.taken.length + data.length <= room) {
        this.taken += data;
        done();
        return;
      }
      const error = Object.assign(new Error(code), { code });
      setImmediate(() => {
        for (const listener of listeners) listener(error);
        done(error);
      });
    },
    on: (_event, listener) => listeners.push(listener),
  };
}

const silent = (): OutputStream & { taken: string } => failing('EPIPE', 1e6);

describe('writerTo', () => {
  it('gives what it is given, in order, and nothing for nothing', async () => {
    const stream = silent();
    const writer = writerTo(stream, 'stdout');
    for (const piece of ['a', '', 'b']) writer.write(piece);
    await writer.finish();
    expect(stream.taken).toBe('ab');
  });

  it('takes a reader that went away for the end, not for an error', async () => {
    const stream = failing('EPIPE', 1);
    const writer = writerTo(stream, 'stdout');
    for (const piece of ['a', 'b']) writer.write(piece);
    await writer.finish();
    writer.write('c');
    await writer.finish();
    expect(stream.taken).toBe('a');
  });

  it.each([
    ['ENOSPC', 'no space is left on the device'],
    ['EBADF', 'is closed'],
    ['EIO', 'the device failed'],
    ['EFBIG', 'cannot be written (EFBIG)'],
  ])('says of %s: %s (exit 4)', async (code, message) => {
    const writer = writerTo(failing(code), 'stdout');
    writer.write('a');
    await expect(writer.finish()).rejects.toMatchObject({ code: 'E_WRITE', exit: 4, where: 'stdout', message });
  });
});

describe('main', () => {
  it('ends with 4 where stdout fails, and 0 where its reader went away', async () => {
    const exitOf = (stdout: OutputStream) => main(['shapes'], { stdout, stderr: silent(), env: {} });
    expect(await exitOf(failing('ENOSPC'))).toBe(4);
    expect(await exitOf(failing('EPIPE'))).toBe(0);
    expect(await exitOf(silent())).toBe(0);
  });

  it('keeps its exit code where nobody can be told', async () => {
    const io = (stderr: OutputStream) => ({ stdout: silent(), stderr, env: {} });
    expect(await main(['shapes', '--t', '1'], io(failing('EPIPE')))).toBe(2);
    expect(await main(['shapes', '--t', '1'], io(failing('EIO')))).toBe(2);
  });

  it('keeps the answer of compare where the reader went away', async () => {
    const argv = ['compare', '--N', '4', '--simulate', 'state-carry', '--no-explain'];
    expect(await main(argv, { stdout: failing('EPIPE'), stderr: silent(), env: {} })).toBe(1);
  });
});
