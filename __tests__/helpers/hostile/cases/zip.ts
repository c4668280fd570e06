import { deflateRawSync } from 'node:zlib';
import { cat, npy, patched, u16, u32, u64 } from '../bytes.js';
import { casesOf } from '../case.js';
import { type ArchiveParts, type MemberParts, zipBytes } from '../zipBytes.js';

const w = (more: Partial<MemberParts> = {}): MemberParts => ({ name: 'w.npy', content: npy(), ...more });
const b = (more: Partial<MemberParts> = {}): MemberParts => ({ name: 'b.npy', content: npy({ shape: '(6,)' }), ...more });
const one = (more: Partial<MemberParts>, archive: ArchiveParts = {}) => zipBytes([w(more)], archive);
const named = (name: string | Uint8Array) => one({ name });
const zeros = (bytes: number) => deflateRawSync(Buffer.alloc(bytes), { level: 9 });

/** Zip archives, as .npz: directories that lie, names that lead elsewhere, bombs. */
export const zipCases = casesOf({
  'empty.npz': () => '',
  'no_end_record.npz': () => zipBytes([w()]).subarray(0, 200),
  'end_record_cut.npz': () => zipBytes([w()]).subarray(0, -1),
  'half.npz': () => zipBytes([w(), b()]).subarray(0, 250),
  'magic_only.npz': () => cat('PK\x03\x04'),
  'trailing_bytes.npz': () => zipBytes([w()], { suffix: Buffer.from('polyglot') }),
  'trailing_zip.npz': () => zipBytes([w()], { suffix: zipBytes([b()]) }),
  'end_in_comment.npz': () => zipBytes([w()], { comment: zipBytes([b()]).subarray(-22) }),
  'comment_beyond_file.npz': () => patched(zipBytes([w()]), zipBytes([w()]).length - 2, u16(500)),
  'gap_before_directory.npz': () => zipBytes([w()], { gap: Buffer.alloc(64, 'x') }),
  'directory_outside.npz': () => zipBytes([w()], { directoryOffset: 2 ** 31 }),
  'directory_negative.npz': () => zipBytes([w()], { directoryOffset: 2 ** 32 - 1, directorySize: 2 ** 32 - 1 }),
  'directory_size_short.npz': () => zipBytes([w()], { directorySize: 10 }),
  'directory_size_long.npz': () => zipBytes([w()], { directorySize: 5000 }),
  'entries_too_many.npz': () => zipBytes([w()], { entries: 2 }),
  'entries_too_few.npz': () => zipBytes([w(), b()], { entries: 1 }),
  'entries_65535.npz': () => zipBytes([w()], { entries: 65535 }),
  'multi_disk.npz': () => zipBytes([w()], { disk: 1 }),
  'members_over_limit.npz': () => zipBytes(Array.from({ length: 10_001 }, (_, i) => ({ name: `m${i}`, content: Buffer.alloc(0) }))),
  'zip64_locator_lies.npz': () => withZip64(0, 0),
  'zip64_entries_lie.npz': () => withZip64(2n ** 63n, undefined),
  'offset_beyond_file.npz': () => one({ offset: 2 ** 31 }),
  'offset_into_data.npz': () => one({ offset: 40 }),
  'phantom_member.npz': () => zipBytes([w(), b({ phantom: true })]),
  'overlapping_members.npz': () => zipBytes([w(), w({ name: 'v.npy', offset: 0, phantom: true })]),
  'same_data_twice.npz': () => zipBytes([w(), w({ offset: 0, phantom: true })]),
  'duplicate_names.npz': () => zipBytes([w(), w()]),
  'duplicate_with_and_without_npy.npz': () => zipBytes([w(), w({ name: 'w' })]),
  'local_name_differs.npz': () => one({ local: { name: 'x.npy' } }),
  'local_name_shorter.npz': () => one({ local: { name: 'w' } }),
  'local_method_differs.npz': () => one({ local: { method: 8 } }),
  'local_size_differs.npz': () => one({ local: { size: 10 } }),
  'local_crc_differs.npz': () => one({ local: { crc: 1 } }),
  'traversal.npz': () => named('../x.npy'),
  'traversal_inside.npz': () => named('a/../../x.npy'),
  'absolute.npz': () => named('/etc/x.npy'),
  'drive_letter.npz': () => named('C:\\x.npy'),
  'drive_letter_slash.npz': () => named('C:/x.npy'),
  'backslash.npz': () => named('a\\x.npy'),
  'nul_in_name.npz': () => named('a\0b.npy'),
  'name_2000_bytes.npz': () => named(`${'n'.repeat(2000)}.npy`),
  'name_empty.npz': () => named(''),
  'name_not_utf8.npz': () => named(Buffer.from('caf\xe9.npy', 'latin1')),
  'name_with_esc_duplicate.npz': () => zipBytes([w({ name: '\x1b[31mw.npy' }), w({ name: '\x1b[31mw.npy' })]),
  'name_with_bidi_bad_crc.npz': () => one({ name: '\u202ew.npy', crc: 1 }),
  'name_with_c1_bad_crc.npz': () => one({ name: '\u009b2Jw.npy', crc: 1 }),
  'symbolic_link.npz': () => one({ attributes: 0o120777 * 65536 }),
  'encrypted.npz': () => one({ flags: 0x801 }),
  'strong_encryption.npz': () => one({ flags: 0x841 }),
  'encrypted_locally_only.npz': () => one({ local: { flags: 0x801 } }),
  'method_bzip2.npz': () => one({ method: 12 }),
  'method_lzma.npz': () => one({ method: 14 }),
  'method_zstd.npz': () => one({ method: 93 }),
  'method_99.npz': () => one({ method: 99 }),
  'crc_wrong.npz': () => one({ crc: 0x12345678 }),
  'crc_wrong_deflated.npz': () => one({ deflate: true, crc: 0x12345678 }),
  'crc_zero.npz': () => one({ crc: 0 }),
  'stored_size_low.npz': () => one({ size: 10 }),
  'stored_size_high.npz': () => one({ size: 1000 }),
  'packed_size_beyond_file.npz': () => one({ packedSize: 10_000, size: 10_000 }),
  'deflated_size_low.npz': () => one({ deflate: true, size: 100 }),
  'deflated_size_high.npz': () => one({ deflate: true, size: 200 }),
  'deflate_garbage.npz': () => one({ deflate: true, packed: Buffer.alloc(50, 0x37) }),
  'deflate_cut.npz': () => one({ deflate: true, packed: deflateRawSync(npy()).subarray(0, 30) }),
  'deflate_trailing.npz': () => one({ deflate: true, packed: cat(deflateRawSync(npy()), 'tail') }),
  'deflate_empty.npz': () => one({ deflate: true, packed: Buffer.alloc(0) }),
  'bomb_honest_ratio.npz': () => one({ deflate: true, packed: zeros(2 ** 22), size: 2 ** 32 - 2 }),
  'bomb_lying.npz': () => one({ deflate: true, packed: zeros(2 ** 24), size: 152 }),
  'bomb_declared.npz': () => one({ packed: npy(), size: 2 ** 32 - 2, deflate: true }),
  'bomb_total.npz': () =>
    zipBytes([1, 2].map(i => ({ name: `m${i}.npy`, content: Buffer.alloc(0), deflate: true, packed: zeros(2 ** 22), size: 2 ** 32 - 2 }))),
  // each member is possible, together they are more than 1 GiB
  'bomb_inflated.npz': () =>
    zipBytes(
      [1, 2].map(i => ({ name: `m${i}.npy`, content: npy(), deflate: true, packed: Buffer.alloc(600_000, 0x37), size: 600_000_000 })),
    ),
  'nested_zip.npz': () => zipBytes([{ name: 'inner.npy', content: zipBytes([w()]) }]),
  'member_cut.npz': () => one({ content: npy().subarray(0, 140) }),
  'member_empty.npz': () => one({ content: Buffer.alloc(0) }),
  'member_pickle.npz': () => one({ content: npy({ descr: "'|O'" }) }),
  'member_header_4_gib.npz': () => one({ content: npy({ version: [2, 0], headerLength: 2 ** 32 - 1 }) }),
  'member_shape_bomb.npz': () => one({ content: npy({ shape: '(2147483647, 2147483647)' }) }),
});

/** An archive with zip64 end records that say something else. */
function withZip64(entries: number | bigint, locatorOffset: number | undefined): Buffer {
  const plain = zipBytes([w()]);
  const body = plain.subarray(0, -22);
  const size = plain.readUInt32LE(plain.length - 10);
  const offset = plain.readUInt32LE(plain.length - 6);
  const record = cat(u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0), u64(entries), u64(entries), u64(size), u64(offset));
  const locator = cat(u32(0x07064b50), u32(0), u64(locatorOffset ?? body.length), u32(1));
  const end = cat(u32(0x06054b50), u16(0), u16(0), u16(0xffff), u16(0xffff), u32(0xffffffff), u32(0xffffffff), u16(0));
  return cat(body, record, locator, end);
}
