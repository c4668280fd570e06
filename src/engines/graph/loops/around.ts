import { RECURRENT_OPS } from '../../../conventions/onnx/recurrentNode.js';
import { RnnError } from '../../../errors.js';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../../formats/onnx/graph.js';
import type { Kernels } from '../../../layers/layer.js';
import { intOf, intsOf } from '../../../ops/attributes.js';
import { fromOnnx, type GraphValue } from '../../../ops/value.js';
import type { FloatArray } from '../../../tensor/tensor.js';
import { runNode } from '../evaluate.js';
import { notExpressible } from '../notExpressible.js';
import type { Matrix } from './rows.js';
import { type Known, limitsOf, type Size, type Value } from './values.js';

/** The graph that contains the loops: what is known of its values, and of their sizes, before it runs. */
export class Around {
  private readonly producers = new Map<string, OnnxNode>();
  private readonly known = new Map<string, Known>();

  constructor(
    readonly graph: OnnxGraph,
    readonly opset: number,
    readonly kernels: Kernels,
  ) {
    for (const node of graph.nodes) for (const name of node.outputs) this.producers.set(name, node);
  }

  producer(name: string): OnnxNode | undefined {
    return this.producers.get(name);
  }

  value(name: string): Known {
    const before = this.known.get(name);
    if (before) return before;
    this.known.set(name, { is: 'outer', name });
    const tensor = this.graph.initializers.get(name);
    const node = this.producers.get(name);
    let found: Known = { is: 'outer', name };
    if (tensor) found = this.numbers(name, tensor);
    else if (node && node.domain === '' && !node.captures) found = this.computed(node, node.outputs.indexOf(name)) ?? found;
    this.known.set(name, found);
    return found;
  }

  numbers(name: string, tensor: OnnxTensor): Known {
    return tensor.dtype ? { is: 'const', value: fromOnnx(tensor, this.kernels.precision) } : { is: 'outer', name };
  }

  constant(name: string | undefined): GraphValue | undefined {
    const found = name ? this.value(name) : undefined;
    return found?.is === 'const' ? found.value : undefined;
  }

  private computed(node: OnnxNode, output: number): Known | undefined {
    if (node.opType === 'Shape' && !node.attributes.size) return { is: 'shape', of: node.inputs[0] };
    const inputs = node.inputs.map(name => (name === '' ? undefined : this.value(name)));
    if (inputs.every(i => !i || i.is === 'const'))
      return constantNode(
        node,
        this.opset,
        inputs.map(i => (i?.is === 'const' ? i.value : undefined)),
        this.kernels,
        output,
      );
    return this.sizes(node, inputs);
  }

  /** Follows a node that selects sizes from a shape; undefined for any other node. */
  sizes(node: OnnxNode, inputs: readonly (Known | undefined)[]): Known | undefined {
    const [first, second] = inputs;
    if (first?.is !== 'shape' && first?.is !== 'sizes') return undefined;
    checkAxes(node, second);
    if (['Identity', 'Cast', 'Squeeze', 'Unsqueeze', 'Reshape'].includes(node.opType)) return first;
    const at = (axis: number): Size | undefined => (first.is === 'shape' ? this.size(first.of, axis) : first.sizes.at(axis));
    let axes: readonly number[] | undefined;
    if (node.opType === 'Gather' && second?.is === 'const') axes = Array.from(second.value.data);
    if (node.opType === 'Slice') {
      const bound = (i: number, name: string) => {
        const input = inputs[i];
        return input?.is === 'const' ? input.value.data[0] : intsOf(node, name)?.[0];
      };
      const [from, to] = [bound(1, 'starts'), bound(2, 'ends')];
      if (inputs[3] && bound(3, 'axes') !== 0) return undefined;
      if (inputs[3] && bound(3, 'axes') !== 0) return undefined;
      if (from !== undefined && to === from + 1 && (inputs[4] === undefined || bound(4, 'steps') === 1)) axes = [from];
    }
    const sizes = axes?.map(at);
    return sizes?.every(size => size !== undefined) ? { is: 'sizes', sizes: sizes as Size[] } : undefined;
  }

  size(name: string, axis: number): Size | undefined {
    const dims = this.dims(name);
    return dims ? dims.at(axis) : axis < 0 ? undefined : `${name}.${axis}`;
  }

  /** Returns the sizes of a value, if its rank is known. An open size is named after its origin. */
  dims(name: string): readonly Size[] | undefined {
    const tensor = this.graph.initializers.get(name);
    if (tensor) return tensor.shape;
    const input = this.graph.inputs.find(i => i.name === name);
    if (input) return input.shape?.map((n, axis) => n ?? `${name}.${axis}`);
    const node = this.producers.get(name);
    return node?.domain === '' ? this.dimsGiven(node, name) : undefined;
  }

  private dimsGiven(node: OnnxNode, name: string): readonly Size[] | undefined {
    const from = node.inputs[0] ? this.dims(node.inputs[0]) : undefined;
    const open = (axis: number) => `${name}.${axis}`;
    if (SAME.test(node.opType)) return from;
    if (Object.hasOwn(RECURRENT_OPS, node.opType) && from?.length === 3 && node.outputs[0] === name && !intOf(node, 'layout'))
      return [from[0], open(1), from[1], open(3)];
    switch (node.opType) {
      case 'Transpose':
        return from && (intsOf(node, 'perm') ?? from.map((_, i) => from.length - 1 - i)).map(axis => from[axis]);
      case 'Squeeze': {
        const axes = intsOf(node, 'axes') ?? this.integers(node.inputs[1]);
        return from && axes && from.filter((_, i) => !axes.some(axis => (axis < 0 ? axis + from.length : axis) === i));
      }
      case 'Add':
      case 'Mul':
      case 'Sub':
      case 'Div': {
        const second = this.dims(node.inputs[1]);
        return from && second ? (from.length > second.length ? from : second.length > from.length ? second : undefined) : undefined;
      }
      case 'MatMul': {
        const second = this.dims(node.inputs[1]);
        return from && second?.length === 2 ? [...from.slice(0, -1), second[1]] : undefined;
      }
      case 'Gather': {
        const indices = this.dims(node.inputs[1]);
        return from?.length === 2 && indices && (intOf(node, 'axis') ?? 0) === 0 ? [...indices, from[1]] : undefined;
      }
      case 'Slice':
        return this.turned(node) ? from : from?.map((_, axis) => open(axis));
      case 'ReverseSequence':
        return from;
      case 'Concat': {
        const axis = intOf(node, 'axis') ?? 0;
        return from?.map((size, i) => (i === (axis < 0 ? axis + from.length : axis) ? open(i) : size));
      }
      default:
        return undefined;
    }
  }

  /** Whether a Slice only reverses whole axes. */
  private turned(node: OnnxNode): boolean {
    return this.integers(node.inputs[1])?.[0] === -1 && this.integers(node.inputs[4])?.every(step => step === -1) === true;
  }

  /** Returns the X·W + b, with constant W and b, that computes this value; undefined if there is none. */
  productOf(name: string): { name: string; matrix: Matrix; bias: FloatArray | null } | undefined {
    const node = this.producers.get(name);
    if (node?.opType === 'Add') {
      const at = node.inputs.findIndex(input => this.constant(input)?.shape.length === 1);
      const product = at < 0 ? undefined : this.productOf(node.inputs[1 - at]);
      return product && product.bias === null ? { ...product, bias: this.constant(node.inputs[at])!.data } : undefined;
    }
    const matrix = node?.opType === 'MatMul' ? this.constant(node.inputs[1]) : undefined;
    if (matrix?.shape.length !== 2) return undefined;
    return { name: node!.inputs[0], matrix: { rows: matrix.shape[0], data: matrix.data }, bias: null };
  }

  /** Returns what is known of a condition outside the loop. */
  condition(name: string): Value {
    const known = this.value(name);
    if (known.is === 'const') return known;
    const node = this.producers.get(name);
    if (!node) return known;
    const given = node.inputs.map(input => this.value(input));
    const [first, second] = given;
    const size = (k: Known) => (k.is === 'const' ? k.value.data[0] : k.is === 'sizes' && k.sizes.length === 1 ? k.sizes[0] : undefined);
    if (['Identity', 'Cast', 'Squeeze'].includes(node.opType)) return this.condition(node.inputs[0]);
    if (node.opType === 'And') return { is: 'limit', limits: node.inputs.flatMap(input => limitsOf(this.condition(input))) };
    const bound = second && size(second);
    if (node.opType === 'Less' && first.is === 'const' && bound !== undefined)
      return { is: 'limit', limits: [{ plus: first.value.data[0], bound }] };
    return known;
  }

  integers(name: string | undefined): number[] | undefined {
    const value = this.constant(name);
    return value && Array.from(value.data);
  }
}

/** Checks that a node works on axis 0, the only axis of a list of sizes. @throws RnnError for any other axis */
export function checkAxes(node: OnnxNode, second: Known | undefined): void {
  const { opType } = node;
  const moved = opType === 'Squeeze' || opType === 'Unsqueeze';
  const given = second?.is === 'const' ? Array.from(second.value.data) : undefined;
  const axes =
    opType === 'Gather' ? [intOf(node, 'axis') ?? 0] : moved ? (intsOf(node, 'axes') ?? given ?? (second ? [Number.NaN] : [])) : [];
  if (axes.some(axis => axis !== 0 && axis !== -1)) throw notExpressible(`${opType} of an axis other than the first or last`);
}

const SAME =
  /^(Identity|Cast|Dropout|Relu|Tanh|Sigmoid|LeakyRelu|Elu|Selu|Clip|Softplus|Softsign|HardSigmoid|LayerNormalization|BatchNormalization)$/;

/** Computes a node of constants; undefined if that is not possible. */
export function constantNode(
  node: OnnxNode,
  opset: number,
  inputs: readonly (GraphValue | undefined)[],
  kernels: Kernels,
  output = 0,
): Known | undefined {
  try {
    const value = runNode(node, opset, inputs, kernels)[output];
    return value && !value.items ? { is: 'const', value } : undefined;
  } catch (error) {
    if (error instanceof RnnError) return undefined;
    throw error;
  }
}
