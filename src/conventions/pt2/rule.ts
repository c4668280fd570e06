import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { Size } from './program.js';
import { arg, type Call, isTensor, type Operand } from './wiring.js';

/** 0 … n − 1 */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The rule for an ATen operator: adds layers or operators. @returns the value of its (first) output */
export type Rule = (call: Call) => Operand;
export type Rules = Readonly<Record<string, Rule>>;

/** @returns the error E_PT2_OPERATOR for an operator that is not supported */
export function notRun(target: string): RnnError {
  return new RnnError('unsupported', 'E_PT2_OPERATOR', `the operator ${escapeText(target, 80)} is not run here`, {
    found: escapeText(target, 80),
    fix: 'torch.onnx.export writes the same network as .onnx',
  });
}

export const END = Number.MAX_SAFE_INTEGER;
export const int = (value: number | readonly number[]): Json => ({ type: 'int', value });

/** The tensor that the operator is called on. */
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

/** Adds an operator for an intermediate result. */
export function step(call: Call, name: string, operands: readonly Operand[], attributes?: Json): string {
  return call.wiring.op(`${outName(call)}_part`, name, operands, attributes);
}

/** Whether an argument is there, and not None. */
export function isGiven(call: Call, name: string): boolean {
  return (arg(call, name) ?? null) !== null;
}

/** Whether reduced axes stay, of size 1, as ONNX says it. */
export function keptDims(call: Call): { keepdims: number } {
  return { keepdims: arg(call, 'keepdim') === true ? 1 : 0 };
}

/** An argument that is a list of tensors, with their ranks. */
export function tensorsOf(call: Call, name = 'tensors'): { readonly value: Operand; readonly rank: number }[] {
  const list = (arg(call, name) as readonly { tensor: string }[]) ?? [];
  return list.map(t => ({ value: call.wiring.operand(t), rank: call.wiring.sizes(t.tensor).length }));
}

/** The outputs of the program's node: the first is what its rule gives. */
export function givingAll({ node, wiring }: Call, [first, ...others]: readonly string[]): string {
  others.forEach((value, i) => {
    wiring.set(node.outputs[i + 1], { value });
  });
  return first;
}

/** The shape of a tensor argument, symbols among its sizes. */
export function sizesOf({ node, wiring }: Call, of = 'self'): readonly Size[] {
  const value = node.args.get(of);
  return isTensor(value) ? wiring.sizes(value.tensor) : [];
}

/** Checks that the input has as many features as the weights, also where a later call shares them. @throws RnnError E_PT2_GRAPH */
export function checkFeatures(call: Call, features: number): void {
  const found = sizesOf(call, 'input').at(-1);
  if (typeof found !== 'number' || found === features) return;
  throw new RnnError('shape', 'E_PT2_GRAPH', 'the input has another number of features than the weights', {
    where: 'input',
    expected: String(features),
    found: String(found),
  });
}

/** Whether a shape can be another: as many axes, and equal sizes where both are numbers. */
export function fits(shape: readonly Size[], other: readonly Size[]): boolean {
  return shape.length === other.length && shape.every((n, i) => typeof n !== 'number' || typeof other[i] !== 'number' || n === other[i]);
}

/** A size as it is shown. */
export function sizeText(size: Size): string {
  return typeof size === 'number' ? String(size) : escapeText(size.symbol, 40);
}

/** The size of an axis, which must be fixed. */
export function fixed(call: Call, dim: number, of = 'self'): number {
  const size = sizesOf(call, of)[dim];
  if (typeof size === 'number') return size;
  throw notRun(`${call.node.target} over an axis of no fixed size`);
}

/** x along an axis as pairs of steps [T, T], with a value in the place of those that are still to come. */
export function stepsSoFar(call: Call, dim: number, unseen: number): string {
  const T = fixed(call, dim);
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
 * One kind of rule for several operators: 'exp log relu_:Relu'.
 * @param rule given ONNX's name, which is the operator's own with a capital unless one stands behind a colon
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

/** @throws RnnError E_PT2_OPERATOR naming an argument that has an effect and that no rule has read */
export function checkAllRead({ node, used }: Call): void {
  for (const [name, value] of node.args) {
    if (used.has(name) || value === null || value === false || (Array.isArray(value) && value.length === 0)) continue;
    // float32 and float64; others are conversions
    if (name === 'dtype' ? value === 7 || value === 8 : HARMLESS.has(name)) continue;
    throw notRun(`${node.target} with ${name}`);
  }
}
