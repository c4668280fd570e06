import type { RnnError } from '../../errors.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';
import { ONNX_DTYPES } from '../../formats/onnx/types.js';
import { showShape } from '../../layers/dims.js';
import type { DimShape } from '../../layers/layer.js';
import type { Operand, OperatorSpec } from '../../layers/operatorFields.js';
import { sized } from '../../layers/operatorNumbers.js';
import { operatorShapes } from '../../layers/operatorShapes.js';
import { shortLetters } from '../../model/shapes.js';
import { type GraphValue, kindOfType, shapeError } from '../../ops/value.js';
import type { Tensor } from '../../tensor/tensor.js';
import { again } from '../../tensor/turnedBack.js';
import { FreeNames } from './freeNames.js';
import { notExpressible } from './notExpressible.js';

/** A value of the graph: known numbers, or the output of a layer. */
export type Wire =
  | { readonly constant: GraphValue }
  /** zero: it is known to be zeros of a computed shape, as initial states often are */
  | { readonly value: string; readonly zero?: boolean };

export type Entry = Record<string, unknown> & { readonly name: string; readonly inputs: readonly string[] };

/** Largest constant that may be an operand, in numbers. */
const MOST_NUMBERS = 1_000_000;

/** Builds the layers of a spec: operators on constants and values, and layers with weights. */
export class Nodes {
  /** shape of every value */
  readonly shapes = new Map<string, DimShape>();
  /** types of inputs and of outputs of operators; layers output real numbers */
  readonly kinds = new Map<string, GraphValue['kind']>();
  /** the node being converted, and for every layer the node it was made from */
  node: OnnxNode | undefined;
  readonly origins = new Map<string, OnnxNode | undefined>();
  /** by recurrent layer: the value with its steps in time order and separate directions, [N, T, dirs, M] */
  readonly sequences = new Map<string, string>();
  /** sizes that weights say of axes which the file leaves open: letter of the axis -> size */
  readonly said = new Map<string, number>();
  /** weights that what they are for cannot have: an error of the whole graph is that of its layers, with their names */
  readonly unfit: RnnError[] = [];
  private readonly layers = new Map<string, Entry>();
  private readonly weights = new Map<string, Map<string, Tensor>>();
  private readonly names = new FreeNames();
  private readonly short = shortLetters();
  private last = '';

  /** Removes the slashes from an exporter's name, which is a path; in our names a slash marks further outputs of a layer. */
  plain(name: string): string {
    return name.replace(/^\/+/, '').replaceAll('/', '.') || 'value';
  }

  free(wanted: string): string {
    return this.names.of(this.plain(wanted));
  }

  get all(): readonly Entry[] {
    return [...this.layers.values()];
  }

  /** Weights of a layer by their names in the layer. */
  weightsOf(layer: string): Map<string, Tensor> {
    return new Map([...(this.weights.get(layer) ?? [])].map(([weight, t]) => [weight, again(t)]));
  }

  weigh(layer: string, weight: string, t: Tensor): void {
    const own = this.weights.get(layer) ?? new Map<string, Tensor>();
    this.weights.set(layer, own.set(weight, t));
  }

  /** Weights of several layers, as `layer/weight`. */
  weightsOfAll(layers: readonly Entry[]): Map<string, Tensor> {
    return new Map(
      layers.flatMap(({ name }) => [...(this.weights.get(name) ?? [])].map(([weight, t]) => [`${name}/${weight}`, t] as const)),
    );
  }

  layer(name: string): Entry | undefined {
    return this.layers.get(name.replace(/(\/(forward|backward))?\/\w+$/, ''));
  }

  /** Whether an embedding reads the value, so that it holds token numbers. */
  isLookedUp(name: string): boolean {
    return [...this.layers.values()].some(layer => layer.kind === 'embedding' && layer.inputs[0] === name);
  }

  add(name: string, spec: Record<string, unknown>, inputs: readonly Wire[], shapeOf: (inputs: readonly DimShape[]) => DimShape): string {
    const own = this.free(name);
    this.last = own;
    const values = inputs.map(wire => this.value(wire));
    this.shapes.set(own, this.short(shapeOf(values.map(value => this.shapes.get(value)!))));
    this.layers.set(own, { ...spec, name: own, inputs: values });
    this.origins.set(own, this.node);
    return own;
  }

  shape(wire: Wire): DimShape {
    return 'value' in wire ? this.shapes.get(wire.value)! : wire.constant.shape.map(sized);
  }

  /** Weights need this size of an axis: one that an input leaves open has it. */
  needs(wire: Wire, axis: number, size: number): void {
    const shape = this.shape(wire);
    const dim = shape.at(axis);
    if (dim?.size === null && !this.said.has(dim.symbol)) this.said.set(dim.symbol, size);
    if (dim && dim.size !== null && dim.size !== size)
      this.unfit.push(shapeError('an axis does not have the size that the weights need', showShape(shape), String(size)));
  }

  kind(wire: Wire): GraphValue['kind'] {
    return 'constant' in wire ? wire.constant.kind : (this.kinds.get(wire.value) ?? 'float');
  }

  op(name: string, op: string, wires: readonly Wire[], attributes: Record<string, unknown> = {}): Wire {
    const values = wires.filter(wire => 'value' in wire);
    const operands = wires.map(wire => ('value' in wire ? null : operandOf(wire.constant)));
    const spec = { kind: 'op', name: this.node?.name ?? '', op, operands: values.length === wires.length ? null : operands, attributes };
    const value = this.add(name, spec, values, shapes => {
      const all = operatorShapes(spec as unknown as OperatorSpec, shapes);
      all.slice(1).forEach((shape, i) => {
        this.shapes.set(`${this.last}/${i + 1}`, this.short(shape));
      });
      return all[0];
    });
    const kinds = wires.map(wire => this.kind(wire));
    this.kinds.set(value, kindOf(op, kinds, attributes));
    if (op === 'TopK') this.kinds.set(`${value}/1`, 'int');
    // a list of known sizes is a constant
    const shape = this.shapes.get(value)!;
    if (!shape.numbers?.every(n => n.size !== null)) return { value };
    return { constant: { kind: 'int', shape: shape.map(d => d.size!), data: Float64Array.from(shape.numbers, n => n.size!) } };
  }

  /** Returns the name of a value; for a constant, adds an Identity that outputs it. */
  value(wire: Wire): string {
    if ('value' in wire) return wire.value;
    const spec = { kind: 'op', op: 'Identity', operands: [operandOf(wire.constant)], attributes: {} };
    return this.add('constant', spec, [], () => this.shape(wire));
  }

  int(value: number | readonly number[]): Wire {
    const list = typeof value === 'number' ? [value] : value;
    return { constant: { kind: 'int', shape: typeof value === 'number' ? [] : [list.length], data: Float64Array.from(list) } };
  }

  /** Adds a Transpose; one that undoes the Transpose before it is left out. */
  transposed(wire: Wire, perm: readonly number[]): Wire {
    const source = 'value' in wire ? this.layers.get(wire.value) : undefined;
    const before = source?.op === 'Transpose' ? (source.attributes as { perm?: readonly number[] }).perm : undefined;
    if (source && before && perm.every((p, i) => before[p] === i)) return { value: source.inputs[0] };
    return this.op('turned', 'Transpose', [wire], { perm });
  }

  flipped(wire: Wire, axis: number): Wire {
    return this.op('reversed', 'Slice', [wire, ...[-1, -Number.MAX_SAFE_INTEGER, axis, -1].map(n => this.int([n]))]);
  }

  /** Returns the layers that these values depend on, in order. */
  needed(values: readonly string[]): Entry[] {
    const kept = new Set<Entry>();
    // no recursion: a chain may be longer than the stack
    const open = [...values];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const layer = this.layer(value) ?? this.layers.get(value);
      if (!layer || kept.has(layer)) continue;
      kept.add(layer);
      open.push(...readsOf(layer));
    }
    return [...this.layers.values()].filter(layer => kept.has(layer));
  }
}

/** The values that an entry reads: inputs, states and mask. */
export function readsOf({ inputs, states = [], mask }: Entry): string[] {
  return [...inputs, ...(states as string[]), ...(mask ? [String(mask)] : [])];
}

const TRUTH = /^(Equal|Less|LessOrEqual|Greater|GreaterOrEqual|And|Or|Xor|Not|IsNaN|IsInf)$/;
const WHOLE = /^(Shape|Size|ArgMax|ArgMin|NonZero)$/;

/** Returns the type of an operator's output. */
function kindOf(op: string, inputs: readonly GraphValue['kind'][], { to }: Record<string, unknown>): GraphValue['kind'] {
  if (TRUTH.test(op)) return 'bool';
  if (WHOLE.test(op)) return 'int';
  if (op === 'Cast') return kindOfType(ONNX_DTYPES.get(Number(to)));
  return (op === 'Where' ? inputs[1] : inputs[0]) ?? 'float';
}

function operandOf({ kind, shape, data }: GraphValue): Operand {
  if (data.length > MOST_NUMBERS) throw notExpressible(`a constant has ${data.length} numbers`);
  return { type: kind, shape, data: Array.from(data) };
}
