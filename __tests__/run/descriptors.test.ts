import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptorStream } from '../../src/run/files/descriptors.js';

describe('a stream on a descriptor', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'descriptors-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('keeps the order of small and large writes', async () => {
    const path = join(folder, 'order');
    const descriptor = openSync(path, 'w');
    const stream = descriptorStream(descriptor)!;
    const pieces: (string | Uint8Array)[] = [
      'é first\n',
      Buffer.alloc(300_000, 'a'),
      'middle\n',
      new Uint8Array(70_000).fill(98),
      'last\n',
    ];
    await Promise.all(
      pieces.map(piece => new Promise<void>((resolve, reject) => stream.write(piece, error => (error ? reject(error) : resolve())))),
    );
    closeSync(descriptor);
    expect(readFileSync(path)).toEqual(Buffer.concat(pieces.map(piece => Buffer.from(piece as string))));
  });

  it('tells a failure to the write that met it, small or large', async () => {
    const path = join(folder, 'read-only');
    closeSync(openSync(path, 'w'));
    const descriptor = openSync(path, 'r');
    const stream = descriptorStream(descriptor)!;
    for (const piece of ['small', Buffer.alloc(100_000)]) {
      const error = await new Promise<NodeJS.ErrnoException | null | undefined>(resolve => stream.write(piece, resolve));
      expect(error?.code).toBe('EBADF');
    }
    closeSync(descriptor);
  });

  const withDevices = process.platform === 'win32' ? it.skip : it;
  withDevices('is there for a file and for /dev/null, not for a closed descriptor or another device', () => {
    const open = [openSync('/dev/null', 'w'), openSync('/dev/zero', 'r')];
    expect(descriptorStream(open[0])).toBeDefined();
    expect(descriptorStream(open[1])).toBeUndefined();
    open.forEach(closeSync);
    expect(descriptorStream(99_999)).toBeUndefined();
  });
});
