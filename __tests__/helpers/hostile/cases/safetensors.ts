import { cat, counting, safetensors, u64 } from '../bytes.js';
import { casesOf } from '../case.js';

const entry = (more: Record<string, unknown> = {}) => ({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24], ...more });
const one = (more: Record<string, unknown>, data = counting(6)) => safetensors({ w: entry(more) }, data);
const text = (header: string, data = counting(6)) => safetensors(header, data);

/** Every named test of huggingface/safetensors and the audit's findings. */
export const safetensorsCases = casesOf({
  'empty.safetensors': () => '',
  'seven_bytes.safetensors': () => Buffer.alloc(7),
  'length_zero.safetensors': () => cat(u64(0), '{}'),
  'length_2_63.safetensors': () => safetensors({ w: entry() }, counting(6), 2n ** 63n),
  'length_beyond_file.safetensors': () => safetensors({ w: entry() }, counting(6), 5000),
  'length_over_limit.safetensors': () => safetensors(`{${' '.repeat(9 * 2 ** 20)}}`, Buffer.alloc(0)),
  'leading_space.safetensors': () => text(` ${JSON.stringify({ w: entry() })}`),
  'not_json.safetensors': () => text('{"w":'),
  'array_header.safetensors': () => text('[1]'),
  'not_utf8.safetensors': () => cat(u64(9), '{"caf\xe9":1', counting(6)),
  'deep_header.safetensors': () => text(`{"w":${'['.repeat(50_000)}`),
  'duplicate_name.safetensors': () => text(`{"w":${JSON.stringify(entry())},"w":${JSON.stringify(entry())}}`),
  'metadata_number.safetensors': () => safetensors({ __metadata__: { epoch: 3 }, w: entry() }),
  'metadata_array.safetensors': () => safetensors({ __metadata__: [], w: entry() }),
  'no_dtype.safetensors': () => one({ dtype: undefined }),
  'no_shape.safetensors': () => one({ shape: undefined }),
  'no_offsets.safetensors': () => one({ data_offsets: undefined }),
  'extra_key.safetensors': () => one({ x: 1 }),
  'entry_number.safetensors': () => safetensors({ w: 3 }),
  'entry_null.safetensors': () => safetensors({ w: null }),
  'dtype_unknown.safetensors': () => one({ dtype: 'F3' }),
  'dtype_f8.safetensors': () => one({ dtype: 'F8_E4M3' }),
  'dtype_number.safetensors': () => one({ dtype: 7 }),
  'dtype_object.safetensors': () => one({ dtype: {} }),
  'offsets_negative.safetensors': () => one({ data_offsets: [-24, 0] }),
  'offsets_float.safetensors': () => one({ data_offsets: [0.5, 24.5] }),
  'offsets_reversed.safetensors': () => one({ data_offsets: [24, 0] }),
  'offsets_text.safetensors': () => one({ data_offsets: ['0', '24'] }),
  'offsets_three.safetensors': () => one({ data_offsets: [0, 12, 24] }),
  'offsets_beyond_file.safetensors': () => one({ data_offsets: [0, 24] }, counting(5)),
  'offsets_above_2_53.safetensors': () => text('{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[9007199254740993,9007199254741017]}}'),
  'overlap.safetensors': () =>
    safetensors({ a: entry({ shape: [4], data_offsets: [0, 16] }), b: entry({ shape: [4], data_offsets: [8, 24] }) }),
  'same_span_twice.safetensors': () => safetensors({ a: entry(), b: entry() }),
  'hole.safetensors': () =>
    safetensors({ a: entry({ shape: [2], data_offsets: [0, 8] }), b: entry({ shape: [2], data_offsets: [16, 24] }) }),
  'hole_at_start.safetensors': () => one({ shape: [4], data_offsets: [8, 24] }),
  'zero_size_inside.safetensors': () => safetensors({ a: entry({ shape: [0], data_offsets: [8, 8] }), b: entry() }),
  'trailing_bytes.safetensors': () => one({}, counting(7)),
  'no_tensors_but_data.safetensors': () => safetensors({}),
  'shape_mismatch.safetensors': () => one({ shape: [2, 4] }),
  'shape_wraps_to_4.safetensors': () =>
    text('{"w":{"dtype":"I8","shape":[4194305,4194305,211106198978564],"data_offsets":[0,4]}}', Buffer.alloc(4)),
  'shape_2_64.safetensors': () => one({ shape: [4294967296, 4294967296] }),
  'shape_negative.safetensors': () => one({ shape: [-2, -3] }),
  'shape_float.safetensors': () => one({ shape: [1.5, 4] }),
  'shape_rank_9.safetensors': () => one({ shape: [1, 1, 1, 1, 1, 1, 1, 2, 3] }),
  'many_tensors.safetensors': () =>
    safetensors(
      Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, { dtype: 'U8', shape: [1], data_offsets: [i, i + 1] }])),
      Buffer.alloc(10_001),
    ),
  'name_2000_bytes.safetensors': () => safetensors({ ['n'.repeat(2000)]: entry() }),
  'name_with_nul.safetensors': () => safetensors({ 'a\0b': entry() }),
  'name_with_esc.safetensors': () => safetensors({ '\u001b]0;title\u0007': entry({ shape: [7] }) }),
  'name_with_bidi.safetensors': () => safetensors({ 'w\u202etxt': entry({ dtype: 'X' }) }),
  'name_with_c1.safetensors': () => safetensors({ '\u009b2J': entry({ dtype: 'X' }) }),
  'proto_bad_dtype.safetensors': () => text('{"__proto__":{"dtype":"X","shape":[6],"data_offsets":[0,24]}}'),
  'int64_beyond_2_53.safetensors': () => one({ dtype: 'I64', shape: [1], data_offsets: [0, 8] }, Buffer.from([1, 0, 0, 0, 0, 0, 32, 0])),
});
