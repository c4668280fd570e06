import { PbfWriter } from 'pbf';
import { RnnError } from '../../errors.js';
import { encodeNumbers } from '../bytes/numbers.js';
import type { DType } from '../format.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './graph.js';
import { ATTRIBUTE_TYPES, ONNX_TYPES } from './types.js';

/**
 * Encodes a model: fields in the order of onnx.proto, tensors as raw data. Equal models always give equal bytes.
 * @throws RnnError E_ONNX_WRITE (format) for tensors that are not plain numbers
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  writeInt(pbf, 1, BigInt(model.irVersion));
  writeText(pbf, 2, model.producerName);
  writeText(pbf, 3, model.producerVersion);
  pbf.writeMessage(7, writeGraph, model.graph);
  for (const opset of model.opsets) pbf.writeMessage(8, writeOpset, opset);
  return pbf.finish().slice();
}

function writeOpset([domain, version]: [string, number], pbf: PbfWriter): void {
  writeText(pbf, 1, domain);
  writeInt(pbf, 2, BigInt(version));
}

function writeGraph(graph: OnnxGraph, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  writeText(pbf, 2, graph.name);
  for (const [name, tensor] of graph.initializers) pbf.writeMessage(5, writeTensor, { name, tensor });
  for (const input of graph.inputs) pbf.writeMessage(11, writeValue, input);
  for (const output of graph.outputs) pbf.writeMessage(12, writeValue, output);
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

function writeTensor({ name, tensor }: { name: string; tensor: OnnxTensor }, pbf: PbfWriter): void {
  const { dtype, shape, data } = tensor;
  if (!dtype) throw new RnnError('format', 'E_ONNX_WRITE', `the tensor '${name}' has an element type that cannot be written`);
  for (const n of shape) writeInt(pbf, 1, BigInt(n));
  writeInt(pbf, 2, BigInt(ONNX_TYPES[dtype]));
  writeText(pbf, 8, name);
  pbf.writeBytesField(9, data instanceof BigInt64Array ? integerBytes(data) : encodeNumbers(data, dtype));
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
