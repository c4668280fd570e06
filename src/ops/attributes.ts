import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import type { OnnxAttribute, OnnxNode } from '../formats/onnx/graph.js';

/** Reads attributes of a node and checks their types. An attribute that is not read is refused by `onlyAttributes`, never ignored. */

type Typed<K extends OnnxAttribute['type']> = Extract<OnnxAttribute, { type: K }>;

function attribute<K extends OnnxAttribute['type']>(node: OnnxNode, name: string, type: K): Typed<K> | undefined {
  const found = node.attributes.get(name);
  if (found === undefined) return undefined;
  if (found.type !== type) {
    throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `attribute ${escapeText(name)} of ${nodeLabel(node)} has the wrong type`, {
      where: escapeText(name, 60),
      expected: type,
      found: found.type,
    });
  }
  return found as Typed<K>;
}

export function floatOf(node: OnnxNode, name: string): number | undefined {
  return attribute(node, name, 'float')?.value;
}

/** @throws RnnError E_ONNX_ATTRIBUTE beyond ±2^53 */
export function intOf(node: OnnxNode, name: string): number | undefined {
  const value = attribute(node, name, 'int')?.value;
  return value === undefined ? undefined : saturated(value);
}

export function textOf(node: OnnxNode, name: string): string | undefined {
  return attribute(node, name, 'string')?.value;
}

export function intsOf(node: OnnxNode, name: string): number[] | undefined {
  return attribute(node, name, 'ints')?.value.map(saturated);
}

export function floatsOf(node: OnnxNode, name: string): readonly number[] | undefined {
  return attribute(node, name, 'floats')?.value;
}

export function textsOf(node: OnnxNode, name: string): readonly string[] | undefined {
  return attribute(node, name, 'strings')?.value;
}

export function tensorOf(node: OnnxNode, name: string) {
  return attribute(node, name, 'tensor')?.value;
}

export function graphOf(node: OnnxNode, name: string) {
  return attribute(node, name, 'graph')?.value;
}

/** 'to the end' is written as 2^63 − 1: any number past every size means the same. */
export function saturated(value: bigint): number {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > most ? most : value < -most ? -most : value);
}

/** @throws RnnError E_ONNX_ATTRIBUTE naming the first attribute that is not in `known` */
export function onlyAttributes(node: OnnxNode, known: readonly string[]): void {
  for (const name of node.attributes.keys()) {
    if (known.includes(name)) continue;
    throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', `unknown attribute ${escapeText(name)} of ${nodeLabel(node)}`, {
      where: escapeText(name, 60),
      expected: known.join(', ') || 'no attributes',
      found: escapeText(name),
    });
  }
}

/** Looks up the value of an attribute in a table. @throws RnnError E_ONNX_ATTRIBUTE (unsupported) if it is not there */
export function choice<T>({ opType }: OnnxNode, name: string, value: string, table: Readonly<Record<string, T>>): T {
  if (Object.hasOwn(table, value)) return table[value];
  throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', `${opType} with ${name} = ${escapeText(value, 40)} is not supported`, {
    expected: Object.keys(table).join(', '),
    found: escapeText(value, 40),
  });
}

/** `LSTM 'rnn/LSTM' at offset 30`: the node as the place of an error */
export function nodePlace(node: OnnxNode): string {
  return node.offset === undefined ? nodeLabel(node) : `${nodeLabel(node)} at offset ${node.offset}`;
}

/** `LSTM 'rnn/LSTM'` */
export function nodeLabel(node: OnnxNode): string {
  return node.name === '' ? escapeText(node.opType, 60) : `${escapeText(node.opType, 60)} '${escapeText(node.name, 60)}'`;
}
