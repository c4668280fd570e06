import { DEFAULT_LIMITS } from '../../../src/formats/format.js';
import { onnx } from '../../../src/formats/onnx.js';
import { cat, f32 } from '../../helpers/hostile/bytes.js';
import { fixed32, fixed64, int, part, tag } from '../../helpers/protobufBytes.js';
import { readWhole } from '../../helpers/readFormat.js';
import { saidLater } from '../../helpers/said.js';

type Wire = 'varint' | 'bytes' | 'float' | 'ints' | 'floats' | 'doubles' | 'any';
/** Where the message is (field numbers from the model down), its name, and a field: number, name, wire type, whether it may stand twice. */
type Row = readonly [
  path: readonly number[],
  message: string,
  number: number,
  name: string,
  wire: Wire,
  repeated?: 'repeated',
  good?: Uint8Array,
];

const SCALAR = cat(int(2, 1), part(4, f32(5)));
/** onnx.proto, version 1.16, as far as it is read. */
const FIELDS: readonly Row[] = [
  [[], 'ModelProto', 1, 'ir_version', 'varint'],
  [[], 'ModelProto', 2, 'producer_name', 'bytes'],
  [[], 'ModelProto', 3, 'producer_version', 'bytes'],
  [[], 'ModelProto', 7, 'graph', 'bytes'],
  [[], 'ModelProto', 8, 'opset_import', 'bytes', 'repeated'],
  [[], 'ModelProto', 14, 'metadata_props', 'bytes', 'repeated'],
  [[], 'ModelProto', 20, 'training_info', 'any', 'repeated'],
  [[], 'ModelProto', 25, 'functions', 'bytes', 'repeated'],
  [[8], 'OperatorSetIdProto', 1, 'domain', 'bytes'],
  [[8], 'OperatorSetIdProto', 2, 'version', 'varint'],
  [[14], 'StringStringEntryProto', 1, 'key', 'bytes'],
  [[14], 'StringStringEntryProto', 2, 'value', 'bytes'],
  [[25], 'FunctionProto', 1, 'name', 'bytes'],
  [[25], 'FunctionProto', 10, 'domain', 'bytes'],
  [[7], 'GraphProto', 1, 'node', 'bytes', 'repeated'],
  [[7], 'GraphProto', 2, 'name', 'bytes'],
  [[7], 'GraphProto', 5, 'initializer', 'bytes', 'repeated'],
  [[7], 'GraphProto', 11, 'input', 'bytes', 'repeated'],
  [[7], 'GraphProto', 12, 'output', 'bytes', 'repeated'],
  [[7, 1], 'NodeProto', 1, 'input', 'bytes', 'repeated'],
  [[7, 1], 'NodeProto', 2, 'output', 'bytes', 'repeated'],
  [[7, 1], 'NodeProto', 3, 'name', 'bytes'],
  [[7, 1], 'NodeProto', 4, 'op_type', 'bytes'],
  [[7, 1], 'NodeProto', 5, 'attribute', 'bytes', 'repeated'],
  [[7, 1], 'NodeProto', 7, 'domain', 'bytes'],
  [[7, 1, 5], 'AttributeProto', 1, 'name', 'bytes'],
  [[7, 1, 5], 'AttributeProto', 2, 'f', 'float'],
  [[7, 1, 5], 'AttributeProto', 3, 'i', 'varint'],
  [[7, 1, 5], 'AttributeProto', 4, 's', 'bytes'],
  [[7, 1, 5], 'AttributeProto', 5, 't', 'bytes', undefined, SCALAR],
  [[7, 1, 5], 'AttributeProto', 6, 'g', 'any'],
  [[7, 1, 5], 'AttributeProto', 7, 'floats', 'floats', 'repeated'],
  [[7, 1, 5], 'AttributeProto', 8, 'ints', 'ints', 'repeated'],
  [[7, 1, 5], 'AttributeProto', 9, 'strings', 'bytes', 'repeated'],
  [[7, 1, 5], 'AttributeProto', 20, 'type', 'varint'],
  [[7, 5], 'TensorProto', 1, 'dims', 'ints', 'repeated'],
  [[7, 5], 'TensorProto', 2, 'data_type', 'varint'],
  [[7, 5], 'TensorProto', 3, 'segment', 'any'],
  [[7, 5], 'TensorProto', 4, 'float_data', 'floats', 'repeated'],
  [[7, 5], 'TensorProto', 5, 'int32_data', 'ints', 'repeated'],
  [[7, 5], 'TensorProto', 6, 'string_data', 'any', 'repeated'],
  [[7, 5], 'TensorProto', 7, 'int64_data', 'ints', 'repeated'],
  [[7, 5], 'TensorProto', 8, 'name', 'bytes'],
  [[7, 5], 'TensorProto', 9, 'raw_data', 'bytes'],
  [[7, 5], 'TensorProto', 10, 'double_data', 'doubles', 'repeated'],
  [[7, 5], 'TensorProto', 11, 'uint64_data', 'ints', 'repeated'],
  [[7, 5], 'TensorProto', 13, 'external_data', 'bytes', 'repeated'],
  [[7, 5], 'TensorProto', 14, 'data_location', 'varint'],
  [[7, 11], 'ValueInfoProto', 1, 'name', 'bytes'],
  [[7, 11], 'ValueInfoProto', 2, 'type', 'bytes'],
  [[7, 11, 2], 'TypeProto', 1, 'tensor_type', 'bytes'],
  [[7, 11, 2, 1], 'TypeProto.Tensor', 1, 'elem_type', 'varint'],
  [[7, 11, 2, 1], 'TypeProto.Tensor', 2, 'shape', 'bytes'],
  [[7, 11, 2, 1, 2], 'TensorShapeProto', 1, 'dim', 'bytes', 'repeated'],
  [[7, 11, 2, 1, 2, 1], 'TensorShapeProto.Dimension', 1, 'dim_value', 'varint'],
  [[7, 11, 2, 1, 2, 1], 'TensorShapeProto.Dimension', 2, 'dim_param', 'bytes'],
];

const NAMES: Partial<Record<Wire, string>> = {
  varint: 'a varint',
  ints: 'a varint',
  bytes: 'a length',
  float: '4 bytes',
  floats: '4 bytes',
  doubles: '8 bytes',
};
/** Each wire type that is not a field's own: its name and a value. */
const OTHERS = [
  ['varint', 'a varint', 0, Uint8Array.of(5)],
  ['bytes', 'a length', 2, Uint8Array.of(0)],
  ['float', '4 bytes', 5, f32(1)],
  ['double', '8 bytes', 1, Buffer.alloc(8)],
] as const;
const fits = (wire: Wire, other: string) =>
  wire === other ||
  (wire === 'ints' && ['varint', 'bytes'].includes(other)) ||
  (wire === 'floats' && ['float', 'bytes'].includes(other)) ||
  (wire === 'doubles' && ['double', 'bytes'].includes(other));

/** `inner` inside the messages of a path. */
const wrapped = (path: readonly number[], inner: Uint8Array) => path.reduceRight<Uint8Array>((body, field) => part(field, body), inner);
const read = (bytes: Uint8Array) => readWhole(onnx, new Uint8Array(bytes), DEFAULT_LIMITS);
const FIX = ' | fix: the file is damaged or not of this type; save or download it again';

const wrongWires = FIELDS.filter(([, , , , wire]) => wire !== 'any').flatMap(row =>
  OTHERS.filter(([other]) => !fits(row[4], other)).map(other => [row[1], row[3], other[1], row, other] as const),
);
it.each(wrongWires)('%s.%s is not %s', async (message, name, found, [path, , number, , wire], [, , code, value]) => {
  const bytes = wrapped(path, cat(tag(number, code), value));
  expect(await saidLater(() => read(bytes))).toBe(
    `E_PROTOBUF ${message}.${name}: offset ${bytes.length - value.length}: expected ${NAMES[wire]}, found ${found}${FIX}`,
  );
});

const good = (number: number, wire: Wire, value: Uint8Array = Buffer.alloc(0)) => {
  if (wire === 'varint' || wire === 'ints') return int(number, 1);
  if (wire === 'float' || wire === 'floats') return fixed32(number, f32(1));
  return wire === 'doubles' ? fixed64(number, Buffer.alloc(8)) : part(number, value);
};
it.each(FIELDS.filter(([, , , , , repeated]) => !repeated).map(row => [row[1], row[3], row] as const))(
  '%s.%s stands once',
  async (message, name, [path, , number, , wire, , value]) => {
    const once = good(number, wire, value);
    const bytes = wrapped(path, cat(once, once));
    const valueBytes = once.length - tag(number, 0).length;
    expect(await saidLater(() => read(bytes))).toBe(
      `E_PROTOBUF ${message}: offset ${bytes.length - valueBytes}: the field ${name} occurs twice${FIX}`,
    );
  },
);

it('fields that are not known are skipped, in every message and of every wire type', async () => {
  const unknown = cat(int(90, 7), part(91, 'x'), fixed32(92, f32(1)), fixed64(93, Buffer.alloc(8)));
  const tensor = (...more: Uint8Array[]) => part(5, int(2, 1), part(4, f32(5)), part(8, 'w'), ...more);
  const value = (...more: Uint8Array[]) =>
    part(11, part(1, 'x'), part(2, part(1, int(1, 1), part(2, part(1, int(1, 4), ...more), ...more), ...more), ...more), ...more);
  const node = (...more: Uint8Array[]) =>
    part(1, part(1, 'x'), part(2, 'y'), part(4, 'Op'), part(5, part(1, 'a'), int(3, 1), int(20, 2), ...more), ...more);
  const whole = (...more: Uint8Array[]) =>
    cat(
      int(1, 8),
      part(7, tensor(...more), value(...more), node(...more), ...more),
      part(8, int(2, 14), ...more),
      part(14, part(1, 'k'), ...more),
      ...more,
    );
  const [plain, padded] = [await read(whole()), await read(whole(unknown))];
  const withoutOffsets = (file: typeof plain) =>
    JSON.stringify(file, (key, x) => (key === 'offset' ? undefined : typeof x === 'bigint' ? `${x}n` : x instanceof Map ? [...x] : x));
  expect(withoutOffsets(padded)).toBe(withoutOffsets(plain));
});
