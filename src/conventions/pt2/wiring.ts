import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { ONNX_TYPES } from '../../formats/onnx/types.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { Tensor } from '../../tensor/tensor.js';
import { constantValue } from './constants.js';
import { type Argument, BOOL, isWhole, type Program, type Size } from './program.js';

/** Collects the results of the ATen rules: the layers of a spec, and their weights from the file. */
export class Wiring {
  readonly layers: Json[] = [];
  readonly weights = new Map<string, Tensor>();
  /** values of the program -> their equivalents in the spec */
  private readonly values = new Map<string, Value>();
  /** result of a cast -> the value of the program that was cast */
  private readonly casts = new Map<string, string>();
  private readonly names = new Set<string>();
  /** inputs that recurrent modules read as [T, N, …] */
  readonly stepsFirst = new Set<string>();
  /** time-major sequence -> the same sequence batch-major */
  private readonly turned = new Map<string, string>();
  /** parameters of a module -> name of the layer that holds them, for modules that are called again */
  private readonly owners = new Map<string, string>();

  constructor(
    readonly program: Program,
    readonly tensors: ReadonlyMap<string, Tensor>,
  ) {}

  set(name: string | null | undefined, value: Value): void {
    if (name) this.values.set(name, value);
  }

  /** The equivalent of a value, if a rule has produced it. */
  known(name: string): Value | undefined {
    return this.values.get(name);
  }

  get(name: string): Value {
    const known = this.known(name);
    if (known) return known;
    const parameter = this.program.parameters.get(name);
    if (parameter !== undefined) return { parameter };
    throw new RnnError('format', 'E_PT2_GRAPH', `nothing computes '${escapeText(name, 60)}'`, { where: escapeText(name, 60) });
  }

  /** The sizes that the program states for a value. */
  sizes(name: string): readonly Size[] {
    return this.program.sizes.get(this.casts.get(name) ?? name) ?? [];
  }

  /** torch's dtype number of a tensor argument; 0 if it is not a tensor, or the type is unknown. */
  typeNumber(argument: Argument | undefined): number {
    return isTensor(argument) ? (this.program.types.get(argument.tensor) ?? 0) : 0;
  }

  /** A value cast to another type, as a value of its own; numbers from the file are read as that type directly. */
  cast(tensor: string, type: 'float' | 'int'): string {
    const known = this.get(tensor);
    const value =
      'parameter' in known ? `${tensor} as ${type}` : this.op(`${tensor}_cast`, 'Cast', [this.operand({ tensor })], { to: CAST[type] });
    this.set(value, 'parameter' in known ? { ...known, type } : { value });
    this.casts.set(value, tensor);
    return value;
  }

  /** An unused name for a layer: `fc`, `fc#2`. */
  free(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.names.has(name); n++) name = `${wanted}#${n}`;
    this.names.add(name);
    return name;
  }

  /**
   * Adds a layer for a module; a second call with the same parameters shares the weights of the first.
   * @returns its name, and whether its weights are still to be set
   */
  layer(prefix: string, spec: Json, parameters: readonly string[]): { name: string; first: boolean } {
    const key = `${spec.kind} ${spec.activation ?? ''} ${parameters.join(' ')}`;
    const owner = parameters.length > 0 ? this.owners.get(key) : undefined;
    const name = this.free(prefix);
    if (owner === undefined) this.owners.set(key, name);
    this.layers.push({ ...spec, name, ...(owner === undefined ? {} : { shares: owner }) });
    return { name, first: owner === undefined };
  }

  /** Adds an operator node. @param operands values, or constants */
  op(name: string, op: string, operands: readonly Operand[], attributes?: Json): string {
    const own = this.free(name);
    const inputs: string[] = [];
    const given = operands.map(operand => {
      if (typeof operand !== 'string') return operand;
      inputs.push(operand);
      return null;
    });
    this.layers.push({
      kind: 'op',
      name: own,
      op,
      inputs,
      ...(given.every(o => o === null) ? {} : { operands: given }),
      ...(attributes ? { attributes } : {}),
    });
    return own;
  }

  /** Makes an operand a named value of the network. */
  named(name: string, operand: Operand): string {
    return typeof operand === 'string' ? operand : this.op(name, 'Identity', [operand]);
  }

  /** Permutes axes; two permutations that cancel are dropped. */
  transposed(name: string, value: Operand, perm: readonly number[]): string {
    return this.beforeTurn(value, perm) ?? this.op(name, 'Transpose', [value], { perm });
  }

  /** The value whose permutation this value is, if permuting it by `perm` restores that value. */
  beforeTurn(value: Operand, perm: readonly number[]): string | undefined {
    const source = this.layers.find(l => l.name === value);
    const before = source?.op === 'Transpose' ? (source.attributes as { perm?: readonly number[] } | undefined)?.perm : undefined;
    return before && perm.length === before.length && perm.every((p, i) => before[p] === i) ? (source!.inputs as string[])[0] : undefined;
  }

  /** Registers an input [N, T, …] that is [T, N, …] in the program. */
  turnedInput(name: string, rank: number): void {
    const own = this.free(name);
    const value = this.op('steps_first', 'Transpose', [own], { perm: Array.from({ length: rank }, (_, i) => (i < 2 ? 1 - i : i)) });
    this.turned.set(value, own);
    this.set(name, { value });
  }

  /** Transposes a sequence [T, N, D] to [N, T, D]. */
  samplesFirst(value: string): string {
    if (this.program.inputs.includes(value)) this.stepsFirst.add(value);
    return this.turned.get(value) ?? this.op('batch_first', 'Transpose', [value], { perm: [1, 0, 2] });
  }

  /** The numbers of a parameter. @throws RnnError E_PT2_GRAPH if the value is computed */
  tensor(argument: Argument | undefined, what: string): { name: string; tensor: Tensor } {
    const value = isTensor(argument) ? this.get(argument.tensor) : undefined;
    const name = value && 'parameter' in value ? value.parameter : undefined;
    const tensor = name === undefined ? undefined : this.tensors.get(name);
    if (name !== undefined && tensor) return { name, tensor };
    const computed = value && 'value' in value ? constantValue(this.layers, value.value) : undefined;
    if (computed) return { name: isTensor(argument) ? argument.tensor : what, tensor: computed };
    throw new RnnError('unsupported', 'E_PT2_GRAPH', `${what} must be a parameter, but is computed`, {
      expected: 'a parameter',
      found: 'a computed value',
    });
  }

  /** A tensor argument as an operand: a value of the spec, or a constant from the file. */
  operand(argument: Argument | undefined): Operand {
    if (typeof argument === 'number') return argument;
    if (typeof argument === 'boolean') return { type: 'bool', value: argument ? 1 : 0 };
    if (isSymbol(argument)) return this.operand({ tensor: argument.symbol });
    if (!isTensor(argument))
      throw new RnnError('unsupported', 'E_PT2_GRAPH', 'an operand is neither a tensor nor a number', { expected: 'a tensor or a number' });
    const value = this.get(argument.tensor);
    if ('value' in value) return value.value;
    if ('constant' in value) return value.constant;
    if ('parameter' in value) {
      const tensor = this.tensors.get(value.parameter);
      if (!tensor) throw new RnnError('format', 'E_PT2_MEMBER', `the file has no numbers for ${escapeText(value.parameter, 80)}`);
      return { ...constantOf(tensor), type: value.type ?? this.typeOf(argument.tensor) };
    }
    if ('zeros' in value) return this.filled(argument.tensor, value.zeros, 0);
    const states = value.stacked.map((state, i) => this.op(`${argument.tensor}_${i}`, 'Unsqueeze', [state, int([0])]));
    const joined = states.length === 1 ? states[0] : this.op(argument.tensor, 'Concat', states, { axis: 0 });
    this.set(argument.tensor, { value: joined });
    return joined;
  }

  /** An integer as a value of its own. */
  whole(value: number): string {
    const name = `${value} as int`;
    this.set(name, { constant: int(value) });
    return name;
  }

  private typeOf(name: string): 'float' | 'int' | 'bool' {
    const type = this.program.types.get(name) ?? 0;
    return type === BOOL ? 'bool' : isWhole(type) ? 'int' : 'float';
  }

  /** Sizes as one operand, computed where they are symbols. */
  sizesOperand(sizes: readonly Size[]): Operand {
    if (sizes.every(n => typeof n === 'number')) return int(sizes as number[]);
    const parts = sizes.map(n => (typeof n === 'number' ? int([n]) : this.op('size', 'Unsqueeze', [this.operand(n), int([0])])));
    return this.op('sizes', 'Concat', parts, { axis: 0 });
  }

  /** The size of an axis without a fixed size, as a value of its own. */
  sizeOf(value: { readonly tensor: string }, axis: number): { readonly symbol: string } {
    const sizes = this.op('sizes', 'Shape', [this.operand(value)]);
    const symbol = this.op('size', 'Gather', [sizes, int(axis)]);
    this.set(symbol, { value: symbol });
    return { symbol };
  }

  /** A tensor filled with one number. */
  filled(name: string, sizes: readonly Size[], value: number): Operand {
    if (sizes.some(n => typeof n !== 'number'))
      return this.op(name, 'Expand', [{ type: 'float', shape: [], data: [value] }, this.sizesOperand(sizes)]);
    const shape = sizes as number[];
    return { type: 'float', shape, data: new Array(shape.reduce((a, b) => a * b, 1)).fill(value) };
  }

  /** The name of the value of a tensor argument that the network computes. */
  input(argument: Argument | undefined): string {
    return this.named('constant', this.operand(argument));
  }
}

const CAST = { float: ONNX_TYPES.f32, int: ONNX_TYPES.i64 };

/** The equivalent of a value of the program. */
export type Value =
  | { readonly value: string }
  /** numbers of the file @param type if they are to be read as a different type */
  | { readonly parameter: string; readonly type?: 'float' | 'int' }
  | { readonly constant: Json }
  /** zeros of this shape: initial states, which need not be given */
  | { readonly zeros: readonly Size[] }
  /** h_n, c_n [layers·directions, N, M], as one value per slot */
  | { readonly stacked: readonly string[] };

/** The name of a value, or a constant in the form of the spec. */
export type Operand = string | number | Json;

/** An integer, or a list of them, as a constant operand. */
export const int = (value: number | readonly number[]): Json => ({ type: 'int', value });

/** A tensor as an operand in the spec. */
export function constantOf({ shape, data }: Tensor): Json {
  return { type: 'float', shape, data: Array.from(data) };
}

export function isSymbol(argument: Argument | undefined): argument is { readonly symbol: string } {
  return typeof argument === 'object' && argument !== null && 'symbol' in argument;
}

export function isTensor(argument: Argument | undefined): argument is { readonly tensor: string } {
  return typeof argument === 'object' && argument !== null && 'tensor' in argument;
}

/** @returns the error E_PT2_OPERATOR for an operator that is not supported */
export function unsupportedOperator(target: string): RnnError {
  return new RnnError('unsupported', 'E_PT2_OPERATOR', `the operator ${escapeText(target, 80)} is not supported`, {
    found: escapeText(target, 80),
    fix: 'torch.onnx.export writes the same network as .onnx',
  });
}
