import { part } from '../../protobufBytes.js';
import { entry, header, snappy, type TableParts, table } from '../../tableBytes.js';
import { cat, patched, u32, u64 } from '../bytes.js';
import { casesOf } from '../case.js';

/** Indexes of TensorFlow checkpoints that no TensorFlow writes. What their data files hold is never reached: they are refused before. */
const one = (parts: Parameters<typeof entry>[0] = {}, options: TableParts = {}) =>
  table(
    [
      ['', header()],
      ['w', entry(parts)],
    ],
    options,
  );
const sound = one();

export const tensorbundleCases = casesOf({
  'footer_alone.index': () => cat(Buffer.alloc(40), u64(0xdb4775248b80fb57n)),
  'short.index': () => sound.subarray(4),
  'block_beyond_end.index': () => patched(sound, sound.length - 48, Uint8Array.of(0, 8, 255, 255, 127, 255, 255, 127)),
  'checksum.index': () => patched(sound, 3, Uint8Array.of(77)),
  'handle_2_63.index': () => patched(sound, sound.length - 48, Uint8Array.of(0, 8, 255, 255, 255, 255, 255, 255, 255, 255, 127, 1)),
  'compression_zstd.index': () => one({}, { compression: 2 }),
  'snappy_bomb.index': () => one({}, { compression: 1, pack: () => cat(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), Uint8Array.of(0)) }),
  'snappy_short.index': () => one({}, { compression: 1, pack: bytes => cat(snappy(bytes).subarray(0, 20)) }),
  'snappy_copy_before_start.index': () => one({}, { compression: 1, pack: () => Buffer.of(8, 1 << 2, 65, 66, (7 << 2) | 2, 9, 0) }),
  'snappy_offset_0.index': () => one({}, { compression: 1, pack: () => Buffer.of(8, 1 << 2, 65, 66, (5 << 2) | 2, 0, 0) }),
  'snappy_longer.index': () => one({}, { compression: 1, pack: () => Buffer.of(2, 3 << 2, 65, 66, 67, 68) }),
  'restarts_lie.index': () => one({}, { compression: 1, pack: bytes => cat(Uint8Array.of(4, 3 << 2), bytes.subarray(0, 4)) }),
  'restarts_2_32.index': () => one({}, { pack: bytes => cat(bytes.subarray(0, -4), u32(0xffffffff)) }),
  'shares_too_much.index': () => one({}, { pack: () => cat(Uint8Array.of(5, 1, 0), 'w', u32(0), u32(1)) }),
  'keys_unordered.index': () =>
    table([
      ['', header()],
      ['w', entry()],
      ['b', entry()],
    ]),
  'key_twice.index': () =>
    table(
      [
        ['', header()],
        ['w', entry()],
        ['w', entry()],
      ],
      { shared: false },
    ),
  'no_header.index': () => table([['w', entry()]]),
  'empty_table.index': () => table([]),
  'shard_7_of_1.index': () => one({ shard: 7 }),
  'dtype_99.index': () => one({ dtype: 99, size: -1 }),
  'dtype_negative.index': () => one({ dtype: -1 }),
  'size_negative.index': () => one({ size: -24 }),
  'size_wrong.index': () => one({ size: 20 }),
  'offset_2_62.index': () => one({ offset: 2n ** 62n }),
  'shape_negative.index': () => one({ shape: [-2, -3] }),
  'shape_2_64.index': () => one({ shape: [2n ** 32n, 2n ** 32n] }),
  'rank_9.index': () => one({ shape: [1, 1, 1, 1, 1, 1, 1, 2, 3] }),
  'slices.index': () => one({ more: part(7, '') }),
  'entry_garbage.index': () =>
    table([
      ['', header()],
      ['w', Buffer.from('\xff\xff\xff', 'latin1')],
    ]),
  'name_with_esc.index': () =>
    table([
      ['', header()],
      ['\u001b]0;title', entry({ shape: [7] })],
    ]),
  'name_not_utf8.index': () =>
    table([
      ['', header()],
      ['\xff\xfe', entry()],
    ]),
  'name_2000_bytes.index': () =>
    table([
      ['', header()],
      ['n'.repeat(2000), entry()],
    ]),
  'many_tensors.index': () =>
    table([['', header()], ...Array.from({ length: 10_001 }, (_, i) => [`t${String(i).padStart(5, '0')}`, entry()] as const)]),
});
