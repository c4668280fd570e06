import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { crc32ByTable } from '../../src/formats/bytes/crc32.js';
import { DEFAULT_LIMITS, type FileTensor } from '../../src/formats/format.js';
import { writeTensors } from '../../src/formats/index.js';
import { npz } from '../../src/formats/npz.js';
import { cases } from '../helpers/effort.js';
import { readTensors, readWhole } from '../helpers/readFormat.js';
import { corruptCases, expectCutsRefused, expectNumbers, flatten, referenceBytes, refusal } from './reference.js';

const CASES = corruptCases('npz_');
const read = (name: string) => readTensors(referenceBytes('corrupt', name), { nameHint: name });

describe('npz files of the reference folder', () => {
  const good = CASES.filter(c => c.expect === 'ok');
  it.each(good.map(c => [c.file, c] as const))('reads %s exactly', async (name, c) => {
    const { tensors } = await read(name);
    const members = c.members ?? {};
    if (c.members) expect([...tensors.keys()].sort()).toEqual(Object.keys(members).sort());
    for (const key of Object.keys(members)) {
      expect(tensors.get(key)!.shape).toEqual(members[key].shape);
      expectNumbers(tensors.get(key)!.data, flatten(members[key].values));
    }
  });

  it.each(CASES.filter(c => c.expect === 'error').map(c => [c.file]))('refuses %s', async name => {
    const error = await refusal(() => read(name));
    expect(`${error.where ?? ''} ${error.message}`).toMatch(/offset|member|directory|empty/);
  });

  it('names what is wrong with each', async () => {
    const codes: Record<string, string> = {};
    for (const c of CASES.filter(c => c.expect === 'error')) codes[c.file.slice(8, -4)] = (await refusal(() => read(c.file))).code;
    expect(codes).toEqual({
      empty: 'E_FORMAT_UNKNOWN',
      trunc_half: 'E_ZIP_END',
      trunc_eocd: 'E_ZIP_END',
      not_zip: 'E_ZIP_END',
      crc: 'E_ZIP_CRC',
      deflate_garbage: 'E_ZIP_DEFLATE',
      local_offset: 'E_ZIP_DIRECTORY',
      member_size: 'E_ZIP_HEADERS',
      entry_count: 'E_LIMIT_TENSORS',
      method: 'E_ZIP_METHOD',
      encrypted: 'E_ZIP_ENCRYPTED',
      bomb_short: 'E_NPY_SHORT',
      bomb_declared: 'E_ZIP_RATIO',
      bomb_lying_small: 'E_NPY_SHORT',
      traversal: 'E_ZIP_NAME',
      dup_names: 'E_ZIP_DUPLICATE',
      member_npy: 'E_NPY_SHORT',
      object_member: 'E_NPY_DTYPE',
    });
  });

  it('skips members that are no arrays and says so', async () => {
    const { tensors, notes } = await read('npz_ok_non_npy_member.npz');
    expect([...tensors.keys()]).toEqual(['w', 'b']);
    expect(notes).toHaveLength(1);
  });

  it('reads an archive that stands behind other bytes, and says so', async () => {
    const { tensors, notes } = await read('npz_ok_prefix.npz');
    expect([...tensors.keys()]).toEqual(['w', 'b']);
    expect(notes).toEqual(['7 bytes before the archive were left alone']);
  });

  it('refuses every cut of every small file', async () => {
    for (const name of ['npz_ok_stored.npz', 'npz_ok_deflate.npz', 'npz_ok_zip64.npz', 'npz_ok_data_descriptor.npz']) {
      await expectCutsRefused(referenceBytes('corrupt', name), name);
    }
  });
});

interface Part {
  name: string;
  content: Uint8Array;
  deflate?: boolean;
  edit?: (local: Buffer, central: Buffer) => void;
  localName?: string;
  at?: number;
}

/** A zip writer of the test's own, whose headers can be bent. */
function zip(parts: readonly Part[], editEnd: (end: Buffer) => void = () => {}): Uint8Array {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const data = part.deflate ? deflateRawSync(part.content) : Buffer.from(part.content);
    const name = Buffer.from(part.name, 'latin1');
    const localName = Buffer.from(part.localName ?? part.name, 'latin1');
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    for (const [header, at] of [
      [local, 4],
      [central, 6],
    ] as const) {
      header.writeUInt16LE(20, at);
      header.writeUInt16LE(part.deflate ? 8 : 0, at + 4);
      header.writeUInt32LE(crc32ByTable(part.content), at + 10);
      header.writeUInt32LE(data.length, at + 14);
      header.writeUInt32LE(part.content.length, at + 18);
      header.writeUInt16LE(header === local ? localName.length : name.length, at + 22);
    }
    central.writeUInt32LE(part.at ?? offset, 42);
    part.edit?.(local, central);
    locals.push(local, localName, data);
    centrals.push(central, name);
    offset += local.length + localName.length + data.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  editEnd(end);
  return new Uint8Array(Buffer.concat([...locals, directory, end]));
}

/** The same edit in both headers: the central one has each field two bytes later. */
function both(local: Buffer, central: Buffer, edit: (header: Buffer, shift: number) => void): void {
  edit(local, 0);
  edit(central, 2);
}

describe('zip archives bent by hand', () => {
  let w: Uint8Array;
  beforeAll(async () => {
    w = await writeTensors('npy', new Map([['npy', { shape: [2, 3], data: Float32Array.of(1, -2, 3, 4.5, 5, 6), dtype: 'f32' }]]));
  });
  const code = async (bytes: Uint8Array, limits = DEFAULT_LIMITS) => (await refusal(() => readWhole(npz, bytes, limits))).code;

  it('are read when they are straight', async () => {
    for (const deflate of [false, true]) {
      const { tensors } = await readWhole(npz, zip([{ name: 'w.npy', content: w, deflate }]), DEFAULT_LIMITS);
      expectNumbers(tensors.get('w')!.data, [1, -2, 3, 4.5, 5, 6]);
    }
  });

  it.each(['../w.npy', '/w.npy', 'C:\\w.npy', 'a\\w.npy', 'C:w.npy'])('are refused with the member name %s', async name => {
    expect(await code(zip([{ name, content: w }]))).toBe('E_ZIP_NAME');
  });

  it('are refused with a NUL in a name, or one too long', async () => {
    expect(await code(zip([{ name: 'a\0.npy', content: w }]))).toBe('E_NAME');
    expect(await code(zip([{ name: `${'a'.repeat(2000)}.npy`, content: w }]))).toBe('E_LIMIT_NAME');
  });

  it('are refused when the two headers disagree', async () => {
    expect(await code(zip([{ name: 'w.npy', localName: 'v.npy', content: w }]))).toBe('E_ZIP_NAME');
    expect(await code(zip([{ name: 'w.npy', content: w, edit: local => local.writeUInt32LE(1, 14) }]))).toBe('E_ZIP_HEADERS');
    expect(await code(zip([{ name: 'w.npy', content: w, edit: local => local.writeUInt32LE(1, 18) }]))).toBe('E_ZIP_HEADERS');
    expect(await code(zip([{ name: 'w.npy', content: w, edit: local => local.writeUInt16LE(8, 8) }]))).toBe('E_ZIP_HEADERS');
    expect(await code(zip([{ name: 'w.npy', content: w, edit: local => local.writeUInt16LE(1, 6) }]))).toBe('E_ZIP_ENCRYPTED');
  });

  it('are refused when two members share bytes', async () => {
    expect(
      await code(
        zip([
          { name: 'w.npy', content: w },
          { name: 'w.npy', content: w, at: 0 },
        ]),
      ),
    ).toBe('E_ZIP_OVERLAP');
    const reaching = zip([
      {
        name: 'w.npy',
        content: w,
        edit: (local, central) =>
          both(local, central, (h, shift) => {
            h.writeUInt32LE(w.length + 8, 18 + shift);
            h.writeUInt32LE(w.length + 8, 22 + shift);
          }),
      },
    ]);
    expect(await code(reaching)).toBe('E_ZIP_OVERLAP');
  });

  it('are refused as symbolic links', async () => {
    expect(await code(zip([{ name: 'w.npy', content: w, edit: (_, central) => central.writeUInt32LE(0xa1ff0000, 38) }]))).toBe(
      'E_ZIP_SYMLINK',
    );
  });

  it('are refused when the end record hides or invents entries', async () => {
    const two = [
      { name: 'w.npy', content: w },
      { name: 'b.npy', content: w },
    ];
    expect(await code(zip(two, end => end.writeUInt16LE(1, 10)))).toBe('E_ZIP_DIRECTORY');
    expect(await code(zip(two, end => end.writeUInt16LE(3, 10)))).toBe('E_ZIP_DIRECTORY');
    expect(await code(zip(two, end => end.writeUInt32LE(0x7fffffff, 16)))).toBe('E_ZIP_END');
    expect(await code(new Uint8Array([...zip(two), 1, 2, 3]))).toBe('E_ZIP_END');
  });

  it('are refused when the comment holds another end record', async () => {
    const inner = Buffer.from(zip([]));
    const outer = zip([{ name: 'w.npy', content: w }], end => end.writeUInt16LE(22, 20));
    expect(await code(new Uint8Array([...outer, ...inner]))).toBe('E_ZIP_END');
  });

  it('are refused when zip64 records lie', async () => {
    const good = Buffer.from(referenceBytes('corrupt', 'npz_ok_zip64.npz'));
    const plain = zip([{ name: 'w.npy', content: w }]);
    const end = Buffer.from(plain.subarray(plain.length - 22));
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(44n, 4);
    record.writeBigUInt64LE(1n, 24);
    record.writeBigUInt64LE(1n, 32);
    record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
    record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(plain.length - 22), 8);
    locator.writeUInt32LE(1, 16);
    const build = () => new Uint8Array(Buffer.concat([plain.subarray(0, plain.length - 22), record, locator, end]));
    expect([...(await readWhole(npz, build(), DEFAULT_LIMITS)).tensors.keys()]).toEqual(['w']);
    record.writeBigUInt64LE(2n ** 63n, 32);
    expect(await code(build())).toBe('E_LIMIT_TENSORS');
    record.writeBigUInt64LE(1n, 32);
    record.writeBigUInt64LE(2n ** 63n, 48);
    expect(await code(build())).toBe('E_ZIP_END');
    record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
    locator.writeBigUInt64LE(1n, 8);
    expect(await code(build())).toBe('E_ZIP_END');
    good.writeUInt32LE(7, good.length - 22 + 12);
    expect(await code(new Uint8Array(good))).toBe('E_ZIP_DIRECTORY');
  });

  it('note a zip inside the zip and leave it closed', async () => {
    const { tensors, notes } = await readWhole(
      npz,
      zip([
        { name: 'w.npy', content: w },
        { name: 'inner.zip', content: zip([{ name: 'v.npy', content: w }]) },
      ]),
      DEFAULT_LIMITS,
    );
    expect([[...tensors.keys()], notes]).toEqual([['w'], ["member 'inner.zip' is not an array and was skipped"]]);
  });

  it('inflate to what they declare, never more', async () => {
    const big = new Uint8Array(2 ** 22);
    const lie = (declared: number) =>
      zip([
        {
          name: 'w.npy',
          content: big,
          deflate: true,
          edit: (local, central) => both(local, central, (h, shift) => h.writeUInt32LE(declared, 22 + shift)),
        },
      ]);
    expect(await code(lie(100))).toBe('E_ZIP_SIZE');
    expect(await code(lie(2 ** 22 + 1))).toBe('E_ZIP_SIZE');
    expect(await code(lie(2 ** 31))).toBe('E_ZIP_RATIO');
  });

  it('are refused when compressed data go on after their end', async () => {
    const packed = Buffer.concat([deflateRawSync(w), Buffer.from('hidden')]);
    const bytes = zip([
      {
        name: 'w.npy',
        content: packed,
        edit: (local, central) =>
          both(local, central, (h, shift) => {
            h.writeUInt16LE(8, 8 + shift);
            h.writeUInt32LE(crc32ByTable(w), 14 + shift);
            h.writeUInt32LE(w.length, 22 + shift);
          }),
      },
    ]);
    expect(await code(bytes)).toBe('E_ZIP_SIZE');
  });

  it('are refused when a name is both an array and an array without its ending', async () => {
    expect(
      await code(
        zip([
          { name: 'w.npy', content: w },
          { name: 'w', content: w },
        ]),
      ),
    ).toBe('E_ZIP_DUPLICATE');
  });

  it('leave out folders', async () => {
    const { tensors, notes } = await readWhole(
      npz,
      zip([
        { name: 'a/', content: new Uint8Array(0) },
        { name: 'a/w.npy', content: w },
      ]),
      DEFAULT_LIMITS,
    );
    expect([[...tensors.keys()], notes]).toEqual([['a/w'], []]);
  });
});

describe('npz written', () => {
  it('is the same bytes every time, and is read back exactly', async () => {
    const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_./]{0,12}$/).filter(n => !n.split('/').includes('..'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.array(fc.float(), { maxLength: 5 })), async arrays => {
        const tensors = new Map<string, FileTensor>(
          Object.entries(arrays).map(([key, v]) => [key, { shape: [v.length], data: Float32Array.from(v), dtype: 'f32' }]),
        );
        const bytes = await writeTensors('npz', tensors);
        expect(Buffer.compare(bytes, await writeTensors('npz', tensors))).toBe(0);
        expect([...(await readTensors(bytes)).tensors]).toEqual([...tensors]);
      }),
      { numRuns: cases(100) },
    );
  });

  it('has the names of the reference network in their order', async () => {
    const original = await readTensors(referenceBytes('digits', 'digits_weights.npz'));
    const copy = await readTensors(await writeTensors('npz', original.tensors));
    expect([...copy.tensors]).toEqual([...original.tensors]);
    expect(original.tensors.size).toBeGreaterThan(3);
  });

  it('refuses names that leave the archive', async () => {
    const t: FileTensor = { shape: [], data: Float32Array.of(1), dtype: 'f32' };
    expect((await refusal(() => writeTensors('npz', new Map([['../w', t]])))).code).toBe('E_ZIP_NAME');
  });
});
