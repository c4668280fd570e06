import { cat, counting } from '../bytes.js';
import { casesOf } from '../case.js';

// an assembler for protobuf: field numbers are those of onnx.proto3
const varint = (value: number | bigint): Buffer => {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(out);
};
const tag = (field: number, wire: number) => varint(field * 8 + wire);
const number = (field: number, value: number | bigint) => cat(tag(field, 0), varint(value));
const bytes = (field: number, content: Uint8Array) => cat(tag(field, 2), varint(content.length), content);
const text = (field: number, content: string) => bytes(field, Buffer.from(content));

interface TensorParts {
  name?: string;
  dims?: readonly (number | bigint)[];
  type?: number;
  raw?: Uint8Array;
  more?: Uint8Array;
}
const tensor = ({ name = 'w', dims = [2, 3], type = 1, raw = counting(6), more = Buffer.alloc(0) }: TensorParts = {}) =>
  cat(...dims.map(d => number(1, d)), number(2, type), text(8, name), bytes(9, raw), more);
const node = (...parts: Uint8Array[]) => cat(text(1, 'x'), text(1, 'w'), text(2, 'y'), text(4, 'MatMul'), ...parts);
const graph = (...parts: Uint8Array[]) => cat(bytes(1, node()), text(2, 'g'), bytes(11, text(1, 'x')), ...parts);
const model = (body: Uint8Array) => cat(number(1, 8), bytes(7, body), bytes(8, number(2, 14)));
const weights = (parts: TensorParts) => model(graph(bytes(5, tensor(parts))));
const nested = (depth: number) => {
  let inner: Buffer = Buffer.alloc(0);
  for (let i = 0; i < depth; i++) inner = bytes(1, cat(bytes(5, cat(text(1, 'body'), bytes(6, inner)))));
  return inner;
};

/** .onnx: protobuf that lies about lengths, tensors that lie about sizes, data that lies elsewhere. */
export const onnxCases = casesOf({
  'empty.onnx': () => '',
  'text.onnx': () => 'this is not a model',
  'no_graph.onnx': () => number(1, 8),
  'varint_11_bytes.onnx': () => cat('\x08', Buffer.alloc(10, 0xff), '\x01'),
  'varint_unended.onnx': () => cat('\x08', Buffer.alloc(4, 0x80)),
  'field_0.onnx': () => cat('\x02\x01x', model(graph())),
  'wire_type_6.onnx': () => cat('\x0e', model(graph())),
  'wire_type_7.onnx': () => cat('\x0f', model(graph())),
  'group_start.onnx': () => cat(model(graph()), tag(3, 3)),
  'group_end.onnx': () => cat(model(graph()), tag(3, 4)),
  'groups_deep.onnx': () => Buffer.alloc(100_000, 0x0b),
  'length_past_end.onnx': () => cat(model(graph()), tag(7, 2), varint(1000)),
  'length_2_63.onnx': () => cat(model(graph()), tag(7, 2), varint(2n ** 63n)),
  'length_2_64.onnx': () => cat(model(graph()), tag(7, 2), varint(2n ** 64n - 1n)),
  'graph_wrong_wire.onnx': () => cat(number(1, 8), number(7, 5)),
  'graphs_deep.onnx': () => model(nested(2000)),
  'cut_in_graph.onnx': () => model(graph(bytes(5, tensor()))).subarray(0, 40),
  'raw_short.onnx': () => weights({ raw: counting(5) }),
  'raw_long.onnx': () => weights({ raw: counting(7) }),
  'raw_and_float_data.onnx': () => weights({ more: bytes(4, counting(6)) }),
  'no_data.onnx': () => weights({ raw: Buffer.alloc(0) }),
  'float_data_cut.onnx': () => weights({ raw: Buffer.alloc(0), more: bytes(4, counting(6).subarray(0, 23)) }),
  'dims_negative.onnx': () => weights({ dims: [-2, -3] }),
  'dims_huge.onnx': () => weights({ dims: [2n ** 62n, 4] }),
  'dims_2_64.onnx': () => weights({ dims: [4294967296, 4294967296] }),
  'dims_wrap_to_4.onnx': () => weights({ dims: [4194305, 4194305, 211106198978564n], type: 3, raw: Buffer.alloc(4) }),
  'dims_rank_9.onnx': () => weights({ dims: [1, 1, 1, 1, 1, 1, 1, 2, 3] }),
  'type_0.onnx': () => weights({ type: 0 }),
  'type_string.onnx': () => weights({ type: 8 }),
  'type_complex.onnx': () => weights({ type: 14 }),
  'type_float8.onnx': () => weights({ type: 17 }),
  'type_99.onnx': () => weights({ type: 99 }),
  'external_data.onnx': () =>
    weights({ raw: Buffer.alloc(0), more: cat(bytes(13, cat(text(1, 'location'), text(2, '../../secret'))), number(14, 1)) }),
  'external_data_beside.onnx': () =>
    weights({ raw: Buffer.alloc(0), more: cat(bytes(13, cat(text(1, 'location'), text(2, 'weights.bin'))), number(14, 1)) }),
  'segment.onnx': () => weights({ more: bytes(3, cat(number(1, 0), number(2, 6))) }),
  'duplicate_initializer.onnx': () => model(graph(bytes(5, tensor()), bytes(5, tensor()))),
  'initializer_without_name.onnx': () => weights({ name: '' }),
  'name_not_utf8.onnx': () =>
    model(graph(bytes(5, cat(number(1, 6), number(2, 1), bytes(8, Buffer.from([0xff, 0xfe])), bytes(9, counting(6)))))),
  'name_with_nul.onnx': () => weights({ name: 'a\0b' }),
  'name_2000_bytes.onnx': () => weights({ name: 'n'.repeat(2000) }),
  'name_with_esc.onnx': () => weights({ name: '\u001b[31mw\u202e', raw: counting(5) }),
  'int64_beyond_2_53.onnx': () => weights({ type: 7, dims: [1], raw: Buffer.from([1, 0, 0, 0, 0, 0, 32, 0]) }),
  'many_initializers.onnx': () =>
    model(graph(...Array.from({ length: 10_001 }, (_, i) => bytes(5, tensor({ name: `t${i}`, dims: [1], raw: counting(1) }))))),
});
