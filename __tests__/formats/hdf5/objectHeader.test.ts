import { bodyOf, findMessage, readMessages } from '../../../src/formats/hdf5/objectHeader.js';
import { readAll } from '../../../src/formats/source.js';
import { BASE, header1, header2, Layout, messages1, messages2, summed } from '../../helpers/hdf5Bytes.js';
import { cat, patched, u16, u32, u64 } from '../../helpers/hostile/bytes.js';
import { said } from '../../helpers/said.js';

const BODIES = [
  { type: 1, body: Buffer.from('space') },
  { type: 0, body: Buffer.from('nothing') },
  { type: 0x18, body: Buffer.from('last known'), flags: 2 },
  { type: 0x19, body: Buffer.from('unknown'), flags: 0x7f },
];
/** offset and length as a continuation message has them */
const continuation = (address: number, length: number, flags = 0) => ({ type: 0x10, body: cat(u64(address), u64(length)), flags });
const read = (layout: Layout, address: number) => readMessages(layout.file(), BigInt(address));
const plain = (layout: Layout, address: number) =>
  read(layout, address).map(({ type, shared, body }) => [type, shared, Buffer.from(body.bytes).toString(), body.offset - BASE]);

/** A header at address 3. */
function at3(header: Uint8Array): Layout {
  const layout = new Layout();
  layout.put(Buffer.alloc(3));
  layout.put(header);
  return layout;
}

describe('an object header of version 1', () => {
  it('has its messages with their places; NIL and unknown ones that need not be understood are left out', () => {
    expect(plain(at3(header1(BODIES)), 3)).toEqual([
      [1, false, 'space', 27],
      [0x18, true, 'last known', 55],
    ]);
  });

  it('goes on elsewhere, as often as it says', () => {
    const layout = new Layout();
    const second = messages1([BODIES[2], BODIES[0]]);
    const first = layout.put(messages1([{ type: 3, body: Buffer.from('first') }, continuation(500, second.length)]));
    layout.put(Buffer.alloc(500 - layout.next));
    layout.put(second);
    const header = layout.put(header1([continuation(first, 5 + 8 + 8 + 16), { type: 5, body: Buffer.from('own') }], { count: 6 }));
    expect(plain(layout, header).map(([type, , body]) => [type, body])).toEqual([
      [5, 'own'],
      [3, 'first'],
      [0x18, 'last known'],
      [1, 'space'],
    ]);
  });

  it('stops at its count; fewer than 8 bytes at the end are no message', () => {
    expect(plain(at3(header1(BODIES, { count: 1, tail: Buffer.alloc(7, 9) })), 3)).toHaveLength(1);
    expect(plain(at3(header1([BODIES[0], { type: 4, body: Buffer.alloc(0) }])), 3)).toHaveLength(2);
  });

  it.each<[string, Layout, string]>([
    [
      'a message that must be understood',
      at3(header1([{ type: 0x19, body: Buffer.from('x'), flags: 0x80 }])),
      'E_H5_MESSAGE offset 59: unknown message 0x19 in an object header',
    ],
    [
      'fewer messages than claimed',
      at3(header1(BODIES, { count: 5 })),
      'E_H5_MESSAGE offset 47: the object header claims 5 messages and has 4',
    ],
    [
      'a message longer than its block',
      at3(patched(header1([BODIES[0]]), 18, u16(6))),
      'E_H5_SHORT offset 59: expected 6 bytes of message, found 5 | expected: 6 bytes | found: 5 bytes | fix: the file looks truncated or damaged; save or download it again',
    ],
    ['a continuation in itself', at3(header1([continuation(19, 24)])), 'E_H5_MESSAGE offset 51: an object header that continues in itself'],
    [
      'a continuation outside the file',
      at3(header1([continuation(1000, 24)])),
      'E_H5_ADDRESS object header: offset 1032: object header of 24 bytes lies outside the file of 75',
    ],
    [
      'a continuation that is cut off',
      at3(header1([{ type: 0x10, body: Buffer.alloc(7) }])),
      'E_H5_SHORT offset 59: expected 8 bytes of continuation address, found 7 | expected: 8 bytes | found: 7 bytes | fix: the file looks truncated or damaged; save or download it again',
    ],
    [
      'a continuation without its length',
      at3(header1([{ type: 0x10, body: Buffer.alloc(15) }])),
      'E_H5_SHORT offset 67: expected 8 bytes of continuation length, found 7 | expected: 8 bytes | found: 7 bytes | fix: the file looks truncated or damaged; save or download it again',
    ],
    [
      'a header larger than the file',
      at3(patched(header1(BODIES), 8, u32(1000))),
      'E_H5_ADDRESS object header: offset 51: object header of 1000 bytes lies outside the file of 112',
    ],
  ])('is refused with %s', (_, layout, message) => expect(said(() => read(layout, 3))).toBe(message));
});

describe('an object header of version 2', () => {
  const all = [0, 1, 2, 3].flatMap(width => [0, 4, 16, 32, 52].map(more => width | more));
  it.each(all)('has the same messages with flags %i', flags => {
    const start = 3 + 6 + (flags & 32 ? 16 : 0) + (flags & 16 ? 4 : 0) + 2 ** (flags & 3) + (flags & 4 ? 6 : 4);
    expect(plain(at3(header2(BODIES, flags)), 3)).toEqual([
      [1, false, 'space', start],
      [0x18, true, 'last known', start + 5 + 7 + 2 * (flags & 4 ? 6 : 4)],
    ]);
  });

  it('may end in a gap smaller than a message, and in an empty message', () => {
    expect(plain(at3(header2(BODIES, 0, { tail: Buffer.alloc(3, 1) })), 3)).toHaveLength(2);
    expect(plain(at3(header2([BODIES[0], { type: 4, body: Buffer.alloc(0) }])), 3)).toHaveLength(2);
  });

  it('goes on in blocks with a signature and a checksum of their own', () => {
    const layout = new Layout();
    const third = summed('OCHK', messages2([BODIES[2]], 4));
    const thirdAt = layout.put(third);
    const second = summed('OCHK', messages2([continuation(thirdAt, third.length), BODIES[0]], 4));
    const secondAt = layout.put(second);
    const empty = summed('OCHK');
    const emptyAt = layout.put(empty);
    const header = layout.put(header2([continuation(secondAt, second.length), continuation(emptyAt, 8)], 4));
    expect(plain(layout, header).map(([type, , body]) => [type, body])).toEqual([
      [1, 'space'],
      [0x18, 'last known'],
    ]);
  });

  it.each<[string, () => Layout, string]>([
    [
      'another signature',
      () => at3(patched(header2(BODIES), 0, 'OHDX')),
      'E_H5_SIGNATURE object header: offset 35: expected object header (OHDR), found other bytes',
    ],
    ['version 3', () => at3(header2(BODIES, 0, { version: 3 })), 'E_H5_MESSAGE offset 39: object header version 3 | expected: 1 or 2'],
    [
      'a changed byte',
      () => at3(patched(header2(BODIES), 12, 'X')),
      'E_H5_CHECKSUM object header: offset 35: the checksum of the object header is wrong: the file is damaged | fix: save or download the file again',
    ],
    [
      'a message that leaves it',
      () => at3(summed('OHDR', Uint8Array.of(2, 0, 5), Uint8Array.of(1), u16(2), Uint8Array.of(0), 'x')),
      'E_H5_MESSAGE offset 46: a message of 2 bytes leaves its header',
    ],
    [
      'a message that must be understood',
      () => at3(header2([{ type: 0x20, body: Buffer.from('x'), flags: 0x80 }])),
      'E_H5_MESSAGE offset 46: unknown message 0x20 in an object header',
    ],
    [
      'a continuation of 7 bytes',
      () => at3(cat(header2([continuation(34, 7)]), 'OCHK123')),
      'E_H5_SHORT offset 70: an object header block of 7 bytes',
    ],
    [
      'a continuation of another signature',
      () => at3(cat(header2([continuation(34, 8)]), 'OCHX1234')),
      'E_H5_SIGNATURE object header continuation: offset 66: expected object header continuation (OCHK), found other bytes',
    ],
    [
      'a continuation in itself',
      () => {
        const layout = new Layout();
        const block = summed('OCHK', messages2([continuation(0, 28)]));
        layout.put(block);
        layout.put(header2([continuation(0, block.length)]));
        return layout;
      },
      'E_H5_MESSAGE offset 32: an object header that continues in itself',
    ],
  ])('is refused with %s', (_, make, message) => {
    const layout = make();
    const start = Buffer.from(readAll(layout.file().source)).indexOf('OHD') - BASE;
    expect(said(() => read(layout, start))).toBe(message);
  });
});

it('a message is found by its type, and read anew each time', () => {
  const messages = read(
    at3(
      header1([
        { type: 1, body: Buffer.from('a') },
        { type: 3, body: Buffer.from('b') },
        { type: 3, body: Buffer.from('c') },
      ]),
    ),
    3,
  );
  const found = findMessage(messages, 3)!;
  expect([bodyOf(found).u8(), bodyOf(found).u8()]).toEqual([0x62, 0x62]);
  expect(findMessage(messages, 9)).toBeUndefined();
});
