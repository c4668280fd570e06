import { PbfWriter } from 'pbf';
import { RnnError } from '../../errors.js';
import { load } from '../../tensor/lazy.js';
import { sizeOf } from '../../tensor/tensor.js';
import { DTYPE_BYTES } from '../bytes/budget.js';
import { encodedPieces, encodeNumbers } from '../bytes/numbers.js';
import type { Member } from '../bytes/zipWrite.js';
import type { DType, FileTensor } from '../format.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './graph.js';
import { ATTRIBUTE_TYPES, ONNX_TYPES } from './types.js';

/**
 * Yields a model in pieces, each valid until the next: fields in the order of onnx.proto, tensors as raw data. The numbers of initializers are read
 * when they are written. Equal models always give equal bytes.
 * @throws RnnError E_ONNX_WRITE (format) for tensors that are not plain numbers, and beyond what a protocol buffer can hold
 */
export function* encodeOnnx({ irVersion, producerName, producerVersion, graph, opsets }: OnnxModel): Generator<Uint8Array> {
  const { initializers, name, nodes, inputs, outputs } = graph;
  const parts = [
    inMemory(pbf => writeGraphStart({ name, nodes }, pbf)),
    ...[...initializers].map(initializerPart),
    inMemory(pbf => writeGraphEnd({ inputs, outputs }, pbf)),
  ];
  const size = sizeOfAll(parts);
  const model = [
    inMemory(pbf => {
      writeInt(pbf, 1, BigInt(irVersion));
      writeText(pbf, 2, producerName);
      writeText(pbf, 3, producerVersion);
      startBytes(pbf, 7, size);
    }),
    ...parts,
    inMemory(pbf => {
      for (const opset of opsets) pbf.writeMessage(8, writeOpset, opset);
    }),
  ];
  checkSize(sizeOfAll(model));
  for (const { pieces } of model) yield* pieces();
}

function sizeOfAll(parts: readonly Member[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0);
}

/** A protocol buffer has lengths of 31 bits. */
const MOST_BYTES = 2 ** 31 - 1;

function checkSize(bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  throw new RnnError('format', 'E_ONNX_WRITE', `the model takes ${bytes} bytes, more than an .onnx file can hold`, {
    expected: `at most ${MOST_BYTES} bytes`,
    found: `${bytes} bytes`,
    fix: 'write .safetensors or .npz',
  });
}

function inMemory(write: (pbf: PbfWriter) => void): Member {
  const pbf = new PbfWriter();
  write(pbf);
  const bytes = pbf.finish();
  return { size: bytes.length, pieces: () => [bytes] };
}

/** The tag and the length of bytes that follow. */
function startBytes(pbf: PbfWriter, field: number, size: number): void {
  pbf.writeTag(field, 2);
  pbf.writeVarint(size);
}

function initializerPart([name, tensor]: [string, OnnxTensor]): Member {
  const bytes = tensor.dtype ? sizeOf(tensor.shape) * DTYPE_BYTES[tensor.dtype] : 0;
  const fields = inMemory(pbf => {
    writeTensorStart({ name, tensor }, pbf);
    startBytes(pbf, 9, bytes);
  });
  const start = inMemory(pbf => startBytes(pbf, 5, fields.size + bytes));
  return {
    size: sizeOfAll([start, fields]) + bytes,
    *pieces() {
      yield* start.pieces();
      yield* fields.pieces();
      if (tensor.dtype === 'i64' || tensor.dtype === 'u64') yield wholeBytes(tensor);
      else yield* encodedPieces(tensor as FileTensor);
    },
  };
}

function writeOpset([domain, version]: [string, number], pbf: PbfWriter): void {
  writeText(pbf, 1, domain);
  writeInt(pbf, 2, BigInt(version));
}

/** A graph inside a node. */
function writeGraph(graph: OnnxGraph, pbf: PbfWriter): void {
  writeGraphStart(graph, pbf);
  for (const [name, tensor] of graph.initializers) pbf.writeMessage(5, writeTensor, { name, tensor });
  writeGraphEnd(graph, pbf);
}

function writeGraphStart({ nodes, name }: Pick<OnnxGraph, 'nodes' | 'name'>, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  writeText(pbf, 2, name);
}

function writeGraphEnd({ inputs, outputs }: Pick<OnnxGraph, 'inputs' | 'outputs'>, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeMessage(11, writeValue, input);
  for (const output of outputs) pbf.writeMessage(12, writeValue, output);
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  // names of inputs and outputs are written even when empty: an empty one stands for an optional input
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  writeText(pbf, 3, node.name);
  writeText(pbf, 4, node.opType);
  for (const attribute of node.attributes) pbf.writeMessage(5, writeAttribute, attribute);
  writeText(pbf, 7, node.domain);
}

function writeAttribute([name, attribute]: [string, OnnxAttribute], pbf: PbfWriter): void {
  if (attribute.type === 'reference' || attribute.type === 'other')
    throw new RnnError('format', 'E_ONNX_WRITE', `the attribute '${name}' holds a value that was not kept, so it cannot be written`);
  pbf.writeStringField(1, name);
  if (attribute.type === 'float') pbf.writeFloatField(2, attribute.value);
  else if (attribute.type === 'int') writeInt(pbf, 3, attribute.value);
  else if (attribute.type === 'string') pbf.writeStringField(4, attribute.value);
  else if (attribute.type === 'tensor') pbf.writeMessage(5, writeTensor, { name: '', tensor: attribute.value });
  else if (attribute.type === 'graph') pbf.writeMessage(6, writeGraph, attribute.value);
  else if (attribute.type === 'floats') for (const value of attribute.value) pbf.writeFloatField(7, value);
  else if (attribute.type === 'ints') for (const value of attribute.value) writeInt(pbf, 8, value);
  else if (attribute.type === 'strings') for (const value of attribute.value) pbf.writeStringField(9, value);
  writeInt(pbf, 20, BigInt(ATTRIBUTE_TYPES[attribute.type]));
}

interface NamedTensor {
  readonly name: string;
  readonly tensor: OnnxTensor;
}

function writeTensor(named: NamedTensor, pbf: PbfWriter): void {
  writeTensorStart(named, pbf);
  pbf.writeBytesField(9, wholeBytes(named.tensor));
}

/** Everything before the numbers. */
function writeTensorStart({ name, tensor: { dtype, shape } }: NamedTensor, pbf: PbfWriter): void {
  if (!dtype) throw new RnnError('format', 'E_ONNX_WRITE', `the tensor '${name}' has an element type that cannot be written`);
  for (const n of shape) writeInt(pbf, 1, BigInt(n));
  writeInt(pbf, 2, BigInt(ONNX_TYPES[dtype]));
  writeText(pbf, 8, name);
}

function wholeBytes(tensor: OnnxTensor): Uint8Array {
  const data = load<OnnxTensor['data']>(tensor);
  return data instanceof BigInt64Array ? integerBytes(data) : encodeNumbers(data, tensor.dtype as DType);
}

function integerBytes(data: BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(8 * data.length);
  const view = new DataView(bytes.buffer);
  data.forEach((value, i) => {
    view.setBigInt64(8 * i, value, true);
  });
  return bytes;
}

function writeValue(value: OnnxValue, pbf: PbfWriter): void {
  writeText(pbf, 1, value.name);
  if (value.dtype) pbf.writeMessage(2, (v: OnnxValue, type) => type.writeMessage(1, writeTensorType, v), value);
}

function writeTensorType({ dtype, shape }: OnnxValue, pbf: PbfWriter): void {
  writeInt(pbf, 1, BigInt(ONNX_TYPES[dtype as DType]));
  if (shape) pbf.writeMessage(2, writeShape, shape);
}

function writeShape(shape: readonly (number | string | null)[], pbf: PbfWriter): void {
  for (const n of shape) pbf.writeMessage(1, writeDimension, n);
}

function writeDimension(n: number | string | null, pbf: PbfWriter): void {
  if (typeof n === 'number') writeInt(pbf, 1, BigInt(n));
  else if (n !== null) pbf.writeStringField(2, n);
}

function writeText(pbf: PbfWriter, field: number, text: string): void {
  if (text !== '') pbf.writeStringField(field, text);
}

/** An int64 as a varint, all 64 bits; pbf's own takes doubles. */
function writeInt(pbf: PbfWriter, field: number, value: bigint): void {
  pbf.writeTag(field, 0);
  pbf.realloc(10);
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    pbf.buf[pbf.pos++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  pbf.buf[pbf.pos++] = Number(rest);
}
