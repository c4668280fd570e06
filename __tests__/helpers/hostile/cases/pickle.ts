import { cat, counting, u32, u64 } from '../bytes.js';
import { casesOf } from '../case.js';
import { type MemberParts, zipBytes } from '../zipBytes.js';

// an assembler for pickles
const text = (s: string) => cat('X', u32(Buffer.byteLength(s)), Buffer.from(s));
const int = (n: number) => cat('J', u32(n));
const global = (name: string) => cat(`c${name.slice(0, name.lastIndexOf('.'))}\n${name.slice(name.lastIndexOf('.') + 1)}\n`);
const tuple = (...parts: Buffer[]) => cat('(', ...parts, 't');
const dict = (...parts: Buffer[]) => cat('}(', ...parts, 'u');
const pickle = (...parts: Buffer[]) => cat('\x80\x02', ...parts, '.');

interface View {
  type?: string;
  key?: Buffer;
  length?: number;
  start?: Buffer;
  shape?: Buffer;
  strides?: Buffer;
}

function tensor({
  type = 'torch.FloatStorage',
  key = text('0'),
  length = 6,
  start = int(0),
  shape = tuple(int(2), int(3)),
  strides = tuple(int(3), int(1)),
}: View = {}) {
  const storage = cat(tuple(text('storage'), global(type), key, text('cpu'), int(length)), 'Q');
  const hooks = cat(global('collections.OrderedDict'), ')R');
  return cat(global('torch._utils._rebuild_tensor_v2'), tuple(storage, start, shape, strides, cat('\x89'), hooks), 'R');
}

const archive = (pkl: Uint8Array, more: readonly MemberParts[] = [], storage: Uint8Array = counting(6)) =>
  zipBytes([
    { name: 'm/data.pkl', content: pkl },
    { name: 'm/byteorder', content: Buffer.from('little') },
    ...(more.some(m => m.name === 'm/data/0') ? [] : [{ name: 'm/data/0', content: storage }]),
    ...more,
  ]);
const one = (view: View) => archive(pickle(dict(text('w'), tensor(view))));
const raw = (body: Uint8Array | string) => archive(cat('\x80\x02', body));

/** .pt: pickles that call, refer, reach outside, never end. */
export const pickleCases = casesOf({
  'empty.pt': () => '',
  'legacy.pt': () => cat('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.'),
  'bare_pickle.pt': () => pickle(dict(text('w'), int(1))),
  'no_pickle.pt': () => zipBytes([{ name: 'm/data/0', content: counting(6) }]),
  'two_pickles.pt': () => archive(pickle(dict(text('w'), tensor())), [{ name: 'n/data.pkl', content: pickle(dict()) }]),
  'torchscript.pt': () => archive(pickle(dict(text('w'), tensor())), [{ name: 'm/code/net.py', content: Buffer.from('def f(): pass') }]),
  'torchscript_constants.pt': () => archive(pickle(dict()), [{ name: 'm/constants.pkl', content: pickle(tuple()) }]),
  'big_endian.pt': () =>
    zipBytes([
      { name: 'm/data.pkl', content: pickle(dict(text('w'), tensor())) },
      { name: 'm/byteorder', content: Buffer.from('big') },
      { name: 'm/data/0', content: counting(6) },
    ]),
  'global_os_system.pt': () => raw(cat(global('os.system'), tuple(text('touch owned')), 'R.')),
  'global_eval.pt': () => raw(cat(global('builtins.eval'), tuple(text('1+1')), 'R.')),
  'global_numpy.pt': () => raw(cat(global('numpy.core.multiarray._reconstruct'), '.')),
  'global_whole_module.pt': () => raw(cat(global('__main__.Net'), ')\x81.')),
  'global_with_esc.pt': () => raw(cat(global('os\u001b[31m.x'), '.')),
  'global_bad_utf8.pt': () => raw('c\xff\xfe\nx\n.'),
  'global_unended.pt': () => raw('cos'),
  'stack_global.pt': () => raw(cat(text('os'), text('system'), '\x93.')),
  'stack_global_of_lists.pt': () => raw(']]\x93.'),
  'inst.pt': () => raw('(ios\nsystem\n.'),
  'obj.pt': () => raw(cat('(', global('os.system'), 'o.')),
  'newobj.pt': () => raw(cat(global('collections.OrderedDict'), ')\x81.')),
  'newobj_ex.pt': () => raw(cat(global('collections.OrderedDict'), ')}\x92.')),
  'ext1.pt': () => raw('\x82\x01.'),
  'ext2.pt': () => raw('\x83\x01\x00.'),
  'ext4.pt': () => raw('\x84\x01\x00\x00\x00.'),
  'persid.pt': () => raw('P0\n.'),
  'binpersid_number.pt': () => raw(cat(int(7), 'Q.')),
  'reduce_of_text.pt': () => raw(cat(text('os.system'), tuple(), 'R.')),
  'reduce_storage.pt': () => raw(cat(global('torch.FloatStorage'), tuple(), 'R.')),
  'ordered_dict_of_arguments.pt': () => raw(cat(global('collections.OrderedDict'), tuple(text('x')), 'R.')),
  'build.pt': () => raw(cat('}', text('x'), 'b.')),
  'unknown_opcode.pt': () => raw('\xff.'),
  'text_opcode.pt': () => raw("S'x'\n."),
  'float_text.pt': () => raw('F1.5\n.'),
  'long_text.pt': () => raw('L1L\n.'),
  'long1_of_16_bytes.pt': () => raw(cat('\x8a\x10', Buffer.alloc(16, 1), '.')),
  'long4_huge.pt': () => raw('\x8b\xff\xff\xff\x7f.'),
  'string_4_gib.pt': () => raw('X\xff\xff\xff\xff.'),
  'string8_2_63.pt': () => raw(cat('\x8d', u64(2n ** 63n), '.')),
  'frame_huge.pt': () => raw(cat('\x95', u64(2n ** 62n), '.')),
  'no_stop.pt': () => raw('}'),
  'empty_stack.pt': () => raw('.'),
  'values_left.pt': () => raw('}}.'),
  'after_stop.pt': () => raw('}.}'),
  'pop.pt': () => raw('}0.'),
  'mark_missing.pt': () => raw('t.'),
  'marks_only.pt': () => raw('('.repeat(50_000)),
  'memo_missing.pt': () => raw('h\x07.'),
  'memo_bomb.pt': () => raw(cat(']\x94', '(h\x00h\x00h\x00h\x00e'.repeat(500), '.')),
  'set_items_of_list.pt': () => raw(cat(']', text('a'), int(1), 's.')),
  'append_to_dict.pt': () => raw(cat('}', int(1), 'a.')),
  'odd_items.pt': () => raw(cat('}(', text('a'), 'u.')),
  'list_as_key.pt': () => raw(cat('}(]', int(1), 'u.')),
  'duplicate_key.pt': () => archive(pickle(dict(text('w'), tensor(), text('w'), tensor()))),
  'same_dotted_name.pt': () => archive(pickle(dict(text('a.b'), tensor(), text('a'), dict(text('b'), tensor())))),
  'nested_too_deep.pt': () => raw(cat('}'.repeat(1), ...Array.from({ length: 80 }, () => cat('(', text('a'), '}')), 'u'.repeat(80), '.')),
  'self_reference.pt': () => raw(cat('}\x94(', text('a'), 'h\x00u.')),
  'storage_missing.pt': () => one({ key: text('9') }),
  'storage_traversal.pt': () => one({ key: text('../../secret') }),
  'storage_key_number.pt': () => one({ key: int(0) }),
  'storage_size_lies.pt': () => one({ length: 7 }),
  'storage_type_unknown.pt': () => one({ type: 'torch.QUInt8Storage' }),
  'storage_type_complex.pt': () => one({ type: 'torch.ComplexFloatStorage' }),
  'storage_negative.pt': () => one({ length: -6 }),
  'view_start_outside.pt': () => one({ start: int(6) }),
  'view_start_negative.pt': () => one({ start: int(-1) }),
  'view_stride_outside.pt': () => one({ strides: tuple(int(30), int(1)) }),
  'view_stride_negative.pt': () => one({ strides: tuple(int(-3), int(1)) }),
  'view_overlap.pt': () => one({ strides: tuple(int(1), int(1)) }),
  'view_stride_zero.pt': () => one({ strides: tuple(int(0), int(1)) }),
  'view_shape_negative.pt': () => one({ shape: tuple(int(-2), int(-3)) }),
  'view_shape_huge.pt': () => one({ shape: tuple(int(2 ** 31 - 1), int(2 ** 31 - 1)) }),
  'view_rank_differs.pt': () => one({ strides: tuple(int(1)) }),
  'view_shape_text.pt': () => one({ shape: tuple(text('2'), text('3')) }),
  'view_rank_9.pt': () =>
    one({ shape: tuple(...Array.from({ length: 9 }, () => int(1))), strides: tuple(...Array.from({ length: 9 }, () => int(1))) }),
  'storage_alone.pt': () =>
    archive(pickle(dict(text('w'), cat(tuple(text('storage'), global('torch.FloatStorage'), text('0'), text('cpu'), int(6)), 'Q')))),
  'payload_before_damage.pt': () => raw(cat(global('os.system'), tuple(text('id')), 'R\xff\xff')),
  'name_with_nul.pt': () => archive(pickle(dict(text('a\0b'), tensor()))),
  'name_2000_bytes.pt': () => archive(pickle(dict(text('n'.repeat(2000)), tensor()))),
  'name_with_esc.pt': () => archive(pickle(dict(text('\u001b[31mw\u202e'), tensor({ length: 7 })))),
  'crc_wrong.pt': () => zipBytes([{ name: 'm/data.pkl', content: pickle(dict(text('w'), tensor())), crc: 1 }]),
});
