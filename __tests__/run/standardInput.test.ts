import { Readable } from 'node:stream';
import { openPieces, readBytes } from '../../src/run/files/files.js';
import { withLimits } from '../../src/run/limits.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

const { path, write } = temporaryFolder();

/** Standard input of this process is what a test puts there, in pieces that no reader chose. */
const own = Object.getOwnPropertyDescriptor(process, 'stdin')!;
afterEach(() => Object.defineProperty(process, 'stdin', own));

function pipe(bytes: Uint8Array | string, piece = 7): void {
  const all = Buffer.from(bytes);
  const pieces = Array.from({ length: Math.ceil(all.length / piece) }, (_, k) => all.subarray(k * piece, (k + 1) * piece));
  Object.defineProperty(process, 'stdin', { configurable: true, get: () => Readable.from(pieces) });
}

it('is read to its end, whatever the pieces', async () => {
  for (const piece of [1, 7, 1000]) {
    pipe('0123456789abcdef', piece);
    expect(Buffer.from(await readBytes('-')).toString()).toBe('0123456789abcdef');
  }
});

it('of as many bytes as the limit is read, and one more is refused, whole and in pieces', async () => {
  const refusal = (found: number) => ({
    kind: 'limit',
    code: 'E_FILE_SIZE',
    message: `has at least ${found} bytes; the limit is 15`,
    where: 'stdin',
    expected: 'at most 15 bytes',
    found: `at least ${found} bytes`,
    fix: 'raise it with --max-file if the machine has room',
    limit: { flag: '--max-file', value: 15 },
  });
  const inPieces = async () => {
    const pieces = (await openPieces('-'))!;
    const read: Uint8Array[] = [];
    for (let piece = await pieces.read(); piece !== undefined; piece = await pieces.read()) read.push(piece);
    return Buffer.concat(read).toString();
  };
  for (const read of [async () => Buffer.from(await readBytes('-')).toString(), inPieces].map(f => () => withLimits({ maxFile: 15 }, f))) {
    pipe('0123456789abcde');
    expect(await read()).toBe('0123456789abcde');
    pipe('0123456789abcdef', 16);
    await expect(read()).rejects.toMatchObject(refusal(16));
    pipe('0123456789abcdefghijk', 7);
    await expect(read()).rejects.toMatchObject(refusal(21));
  }
});

it('that is empty is refused as empty, whole and in pieces', async () => {
  const refusal = {
    kind: 'io',
    code: 'E_EMPTY_STDIN',
    message: 'standard input is empty',
    where: 'stdin',
    expected: 'a file on standard input',
    found: '0 bytes',
    fix: 'pipe a file in, or give its path',
  };
  pipe('');
  await expect(readBytes('-')).rejects.toMatchObject(refusal);
  pipe('');
  await expect((await openPieces('-'))!.read()).rejects.toMatchObject(refusal);
});

it('that a source gives back is read again from its first byte; what it keeps is gone', async () => {
  pipe('0123456789abcdef', 4);
  const first = (await openPieces('-'))!;
  expect([first.size, first.headroom]).toEqual([undefined, 0]);
  const start = Buffer.from((await first.read())!);
  expect(start.toString()).toBe('0123');
  expect(() => first.seek(0)).toThrow('standard input cannot be read by offset');
  await first.close(start);
  expect(Buffer.from(await readBytes('-')).toString()).toBe('0123456789abcdef');
  pipe('wxyz', 2);
  const second = (await openPieces('-'))!;
  await second.read();
  await second.close();
  pipe('new', 3);
  expect(Buffer.from(await readBytes('-')).toString()).toBe('new');
});

it('whose reading fails is said as that', async () => {
  const failing = () => {
    const broken = Object.assign(new Error('broken'), { code: 'EIO' });
    const stream = new Readable({
      read() {
        this.destroy(broken);
      },
    });
    Object.defineProperty(process, 'stdin', { configurable: true, get: () => stream });
  };
  failing();
  await expect(readBytes('-')).rejects.toMatchObject({ code: 'E_READ', message: 'the device failed' });
  failing();
  await expect((await openPieces('-'))!.read()).rejects.toMatchObject({ code: 'E_READ', message: 'the device failed' });
});

it('is an input, an output to compare with, a model: with the numbers of the file', async () => {
  const x = { shape: [3, 4, 2], data: Float32Array.from({ length: 24 }, (_, k) => ((k * 7) % 11) / 8 - 0.5) };
  const npy = await bytesOf('npy', { npy: x });
  const alone = JSON.parse((await runCli(['forward', '--layers', 'rnn:3,dense:1', '-i', write('x.npy', npy), '--json'])).stdout);
  pipe(npy, 50);
  const piped = JSON.parse((await runCli('forward --layers rnn:3,dense:1 -i - --json')).stdout);
  expect([piped.shape, piped.ySha256, piped.inputSource]).toEqual([[3, 1], alone.ySha256, '-']);
  pipe(npy, 50);
  const { exit } = await runCli(['compare', path('x.npy'), '-', '-q']);
  expect(exit).toBe(0);
  pipe('{"input":{"features":2},"layers":[{"kind":"rnn","units":3},{"kind":"dense","units":1}]}');
  expect((await runCli('shapes -')).stdout).toContain('rnn_1');
});
