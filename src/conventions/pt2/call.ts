import { RnnError } from '../../errors.js';
import type { Json } from '../../layers/kerasConfig.js';
import type { Argument, AtenNode, Size } from './program.js';
import { int, isTensor, type Operand, unsupportedOperator, type Wiring } from './wiring.js';

/** Arguments without effect on the result: device, memory, gradients. */
const HARMLESS = new Set(
  'memory_format non_blocking copy device layout pin_memory dtype generator implicit momentum cudnn_enabled cudnn_enable p padding_idx scale_grad_by_freq sparse sorted requires_grad'.split(
    ' ',
  ),
);

/** The call of an ATen operator, as its rule sees it: arguments by the names of the schema, and the operators that replace it. */
export class Call {
  constructor(
    readonly node: AtenNode,
    readonly wiring: Wiring,
    /** names of the arguments that were read; an unread one with an effect is refused */
    private readonly used = new Set<string>(),
  ) {}

  /** The same call with other arguments. */
  with(args: ReadonlyMap<string, Argument>): Call {
    return new Call({ ...this.node, args }, this.wiring, this.used);
  }

  /** Returns the argument with this name, and notes that it was read. */
  arg(name: string): Argument | undefined {
    this.used.add(name);
    return this.node.args.get(name);
  }

  /** Whether an argument is given, and not None. */
  has(name: string): boolean {
    return (this.arg(name) ?? null) !== null;
  }

  /** An integer argument, or a flag as 0 or 1. @throws RnnError E_PT2_GRAPH */
  number(name: string, otherwise?: number): number {
    const found = this.arg(name) ?? otherwise;
    if (typeof found === 'number') return found;
    throw new RnnError('unsupported', 'E_PT2_GRAPH', `the argument ${name} is not a number`, { where: name, expected: 'a number' });
  }

  /** The numbers of an argument that is a list or one number; empty for any other. */
  numbers(name: string): readonly Size[] {
    const found = this.arg(name);
    return Array.isArray(found) ? (found as Size[]) : typeof found === 'number' ? [found] : [];
  }

  /** A tensor argument. */
  operand(name = 'self'): Operand {
    return this.wiring.operand(this.arg(name));
  }

  /** The tensors of a list argument, with their ranks. */
  tensors(name = 'tensors'): { readonly value: Operand; readonly rank: number }[] {
    const list = (this.arg(name) as readonly { tensor: string }[]) ?? [];
    return list.map(t => ({ value: this.wiring.operand(t), rank: this.wiring.sizes(t.tensor).length }));
  }

  /** The sizes of a tensor argument, which may contain symbols. */
  sizes(of = 'self'): readonly Size[] {
    const value = this.node.args.get(of);
    return isTensor(value) ? this.wiring.sizes(value.tensor) : [];
  }

  /** The rank of a tensor argument. */
  rank(of = 'self'): number {
    return this.sizes(of).length;
  }

  /** The size of an axis. @throws RnnError E_PT2_OPERATOR if it is not fixed */
  size(dim: number, of = 'self'): number {
    const size = this.sizes(of)[dim];
    if (typeof size === 'number') return size;
    throw this.unsupported('over an axis of unknown size');
  }

  /** An argument's axis, counted from the front. */
  axis(name = 'dim', of = 'self', otherwise?: number): number {
    const n = this.number(name, otherwise);
    return n < 0 ? n + this.rank(of) : n;
  }

  /** An argument's axes, counted from the front. */
  axes(name: string): number[] {
    const rank = this.rank();
    return this.numbers(name).map(n => ((n as number) < 0 ? (n as number) + rank : (n as number)));
  }

  /** The argument `keepdim` as the ONNX attribute keepdims. */
  keptDims(): { keepdims: number } {
    return { keepdims: this.arg('keepdim') === true ? 1 : 0 };
  }

  /** The name of the first output. */
  get outName(): string {
    return this.node.outputs[0] ?? 'value';
  }

  /** Appends an ONNX operator. @returns the name of its output */
  op(name: string, operands: readonly Operand[], attributes?: Json): string {
    return this.wiring.op(this.outName, name, operands, attributes);
  }

  /** Appends an ONNX operator for an intermediate result. @returns the name of its output */
  step(name: string, operands: readonly Operand[], attributes?: Json): string {
    return this.wiring.op(`${this.outName}_part`, name, operands, attributes);
  }

  /** Appends a Slice along one axis. */
  slice(value: Operand, dim: number, [start, end, by]: readonly number[], name: string): string {
    return this.wiring.op(name, 'Slice', [value, int([start]), int([end]), int([dim]), int([by])]);
  }

  /** Assigns the values to the outputs. @returns the first */
  setOutputs([first, ...others]: readonly string[]): string {
    others.forEach((value, i) => {
      this.wiring.set(this.node.outputs[i + 1], { value });
    });
    return first;
  }

  /** @param how the operator is called, `with p` @returns the error E_PT2_OPERATOR */
  unsupported(how: string): RnnError {
    return unsupportedOperator(`${this.node.target} ${how}`);
  }

  /** @throws RnnError E_PT2_OPERATOR naming an argument that has an effect but was not read by the rule */
  checkAllRead(): void {
    for (const [name, value] of this.node.args) {
      if (this.used.has(name) || value === null || value === false || (Array.isArray(value) && value.length === 0)) continue;
      // float32 and float64 change nothing; other types are conversions
      if (name === 'dtype' ? value === 7 || value === 8 : HARMLESS.has(name)) continue;
      throw this.unsupported(`with ${name}`);
    }
  }
}
