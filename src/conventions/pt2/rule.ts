import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { Size } from './program.js';
import { arg, type Call, isTensor, type Operand } from './wiring.js';

/** 0 … n − 1 */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The rule for an ATen operator: adds layers or operators. @returns its (first) output */
export type Rule = (call: Call) => Operand;
export type Rules = Readonly<Record<string, Rule>>;

/** @returns the error E_PT2_OPERATOR for an operator that is not supported */
export function unsupportedOperator(target: string): RnnError {
  return new RnnError('unsupported', 'E_PT2_OPERATOR', `the operator ${escapeText(target, 80)} is not supported`, {
    found: escapeText(target, 80),
    fix: 'torch.onnx.export writes the same network as .onnx',
  });
}

export const END = Number.MAX_SAFE_INTEGER;
export const int = (value: number | readonly number[]): Json => ({ type: 'int', value });

/** The tensor argument `self`, on which the operator is called. */
export function self(call: Call, name = 'self'): Operand {
  return call.wiring.operand(arg(call, name));
}

/** The name of the call's first output. */
export function outName({ node }: Call): string {
  return node.outputs[0] ?? 'value';
}

/** Appends an ONNX operator. @returns the name of its output */
export function op(call: Call, name: string, operands: readonly Operand[], attributes?: Json): string {
  return call.wiring.op(outName(call), name, operands, attributes);
}

/** Appends an ONNX operator for an intermediate result. @returns the name of its output */
export function step(call: Call, name: string, operands: readonly Operand[], attributes?: Json): string {
  return call.wiring.op(`${outName(call)}_part`, name, operands, attributes);
}

/** Whether an argument is given, and not None. */
export function isGiven(call: Call, name: string): boolean {
  return (arg(call, name) ?? null) !== null;
}

/** The argument `keepdim` as the ONNX attribute keepdims. */
export function keptDims(call: Call): { keepdims: number } {
  return { keepdims: arg(call, 'keepdim') === true ? 1 : 0 };
}

/** The tensors of a list argument, with their ranks. */
export function tensorsOf(call: Call, name = 'tensors'): { readonly value: Operand; readonly rank: number }[] {
  const list = (arg(call, name) as readonly { tensor: string }[]) ?? [];
  return list.map(t => ({ value: call.wiring.operand(t), rank: call.wiring.sizes(t.tensor).length }));
}

/** Assigns the values to the outputs of the program's node. @returns the first */
export function setOutputs({ node, wiring }: Call, [first, ...others]: readonly string[]): string {
  others.forEach((value, i) => {
    wiring.set(node.outputs[i + 1], { value });
  });
  return first;
}

/** The sizes of a tensor argument, which may contain symbols. */
export function sizesOf({ node, wiring }: Call, of = 'self'): readonly Size[] {
  const value = node.args.get(of);
  return isTensor(value) ? wiring.sizes(value.tensor) : [];
}

/** Checks that the features of the input match the weights, also in later calls that share them. @throws RnnError E_PT2_GRAPH */
export function checkFeatures(call: Call, features: number): void {
  const found = sizesOf(call, 'input').at(-1);
  if (typeof found !== 'number' || found === features) return;
  throw new RnnError('shape', 'E_PT2_GRAPH', 'the features of the input do not match the weights', {
    where: 'input',
    expected: String(features),
    found: String(found),
  });
}

/** Whether two shapes can be equal: the same rank, and equal sizes where both are numbers. */
export function canBeEqual(shape: readonly Size[], other: readonly Size[]): boolean {
  return shape.length === other.length && shape.every((n, i) => typeof n !== 'number' || typeof other[i] !== 'number' || n === other[i]);
}

/** A size as text for a message. */
export function sizeText(size: Size): string {
  return typeof size === 'number' ? String(size) : escapeText(size.symbol, 40);
}

/** The size of an axis. @throws RnnError E_PT2_OPERATOR if it is not fixed */
export function fixedSize(call: Call, dim: number, of = 'self'): number {
  const size = sizesOf(call, of)[dim];
  if (typeof size === 'number') return size;
  throw unsupportedOperator(`${call.node.target} over an axis of unknown size`);
}

/** x along an axis as pairs [T, T] of steps, in which later steps are replaced by the value `unseen`. */
export function stepsSoFar(call: Call, dim: number, unseen: number): string {
  const T = fixedSize(call, dim);
  const shape = [
    T,
    T,
    ...sizesOf(call)
      .slice(dim + 1)
      .map(() => 1),
  ];
  const seen = { type: 'bool', shape, data: Array.from({ length: T * T }, (_, i) => Number(i % T <= Math.floor(i / T))) };
  return step(call, 'Where', [seen, step(call, 'Unsqueeze', [self(call), int([dim])]), unseen]);
}

/** Appends a Slice along one axis. */
export function slice(call: Call, value: Operand, dim: number, [start, end, by]: readonly number[], name: string): string {
  return call.wiring.op(name, 'Slice', [value, int([start]), int([end]), int([dim]), int([by])]);
}

/** Whether both are the same symbolic size. */
export function sameSymbol(a: Size | undefined, b: Size | undefined): boolean {
  return typeof a === 'object' && typeof b === 'object' && a.symbol === b.symbol;
}

/**
 * The same kind of rule for several operators, listed as 'exp log relu_:Relu'.
 * @param rule is given the ONNX name: the part after the colon, otherwise the operator's own name with a capital letter
 */
export function alike(operators: string, rule: (op: string) => Rule): Rules {
  return Object.fromEntries(
    operators.split(' ').map(word => {
      const [name, op = `${name[0].toUpperCase()}${name.slice(1)}`] = word.split(':');
      return [name, rule(op)];
    }),
  );
}

export const one =
  (name: string): Rule =>
  call =>
    op(call, name, [self(call)]);

/** Arguments without effect on the result: device, memory, gradients. */
const HARMLESS = new Set(
  'memory_format non_blocking copy device layout pin_memory dtype generator implicit momentum cudnn_enabled cudnn_enable p padding_idx scale_grad_by_freq sparse sorted requires_grad'.split(
    ' ',
  ),
);

/** @throws RnnError E_PT2_OPERATOR naming an argument that has an effect but was not read by the rule */
export function checkAllRead({ node, used }: Call): void {
  for (const [name, value] of node.args) {
    if (used.has(name) || value === null || value === false || (Array.isArray(value) && value.length === 0)) continue;
    // float32 and float64 change nothing; other types are conversions
    if (name === 'dtype' ? value === 7 || value === 8 : HARMLESS.has(name)) continue;
    throw unsupportedOperator(`${node.target} with ${name}`);
  }
}
