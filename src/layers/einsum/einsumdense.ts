import type { ActivationSpec } from '../../activations/activation.js';
import type { WeightRole } from '../../cells/cell.js';
import { factor, weightShape } from '../../cells/weightShapes.js';
import { RnnError } from '../../errors.js';
import { text } from '../../formats/onnx/builder.js';
import { permuteAxes } from '../../tensor/axes.js';
import { reshape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { activated } from '../activation.js';
import { multiply, productCost, showShape } from '../dims.js';
import { type ArrayLibrary, inBoth, type OnnxCall, type ScriptCall } from '../facets.js';
import type { Kernels, LayerBase, LayerKind } from '../layer.js';
import { pythonText } from '../python.js';
import { addTo, refuseRounded, rounded, roundedFields, roundedOnnx } from '../roundedInput.js';
import type { Dim, DimShape } from '../shape.js';
import { type Equation, equationOf } from './equation.js';

/** y = act(einsum(equation, x, W) + b): 'abc,cd->abd' is a dense layer at every step (Keras EinsumDense). */
export interface EinsumDenseSpec extends LayerBase {
  readonly kind: 'einsumdense';
  readonly equation: string;
  /** sizes of the output, without the batch and the axes of '...'; null: the size in the input */
  readonly outputShape: readonly (number | null)[];
  /** letters of the output axes along which the bias varies; null: no bias */
  readonly biasAxes: string | null;
  readonly activation: ActivationSpec;
  /** x is first quantised to −127 … 127 along the axes that are summed (Keras' int8 layers) */
  readonly roundedInput: boolean;
  /** such a layer also has LoRA weights, whose product takes x unrounded */
  readonly lora?: boolean;
}

const TEXT = { type: 'own', check: checkText, schema: { type: 'string', pattern: '^[a-zA-Z.,>-]{1,100}$' } } as const;

export const einsumdense: LayerKind<EinsumDenseSpec> = {
  name: 'einsumdense',
  reads: 'anything',
  kerasClass: () => 'EinsumDense',
  fields: {
    equation: TEXT,
    outputShape: {
      type: 'own',
      check: checkOutput,
      schema: { type: ['array', 'integer'], items: { type: ['integer', 'null'], minimum: 1 }, minimum: 1 },
    },
    biasAxes: { ...TEXT, default: null },
    activation: { type: 'activation', default: 'linear' },
    roundedInput: { type: 'boolean', default: false },
    lora: { type: 'boolean', default: false },
  },
  keras: {
    classes: {
      EinsumDense: (config, read) => ({
        equation: config.equation,
        outputShape: config.output_shape,
        biasAxes: config.bias_axes ?? null,
        activation: read.activation(config.activation),
        ...roundedFields(config),
      }),
    },
    config(layer) {
      refuseRounded(layer, 'an EinsumDense layer with an int8 input is written by model.quantize alone', 'keep the file as Keras saved it');
      return { equation: layer.equation, output_shape: layer.outputShape, bias_axes: layer.biasAxes, activation: layer.activation };
    },
    // for a leading '...', Keras shows its axes (without the batch) in reverse order, followed by all the sizes that were given
    shownShapes({ equation, outputShape }, [y]) {
      const left = leftLetters(equation);
      if (left === undefined) return [y];
      const end = Math.max(1, y.length - left.length);
      const given = outputShape.length > left.length ? outputShape.map(size => ({ symbol: String(size), size })) : y.slice(end);
      return [[y[0], ...y.slice(1, end).reverse(), ...given]];
    },
    weightNames: { W: 'kernel', b: 'bias', Lo: 'lora_kernel' },
  },

  weightShapes(layer, [input]) {
    const { equation, sizes } = solved(layer, input);
    const dims = [...equation.kernel].map(letter => sizes.get(letter)!);
    const open = dims.find(d => d.size === null);
    if (open)
      throw new RnnError('shape', 'E_SYMBOLIC', `needs a known size of ${open.symbol}`, { fix: `give ${open.symbol} a number (--T 10)` });
    const weight = (name: string, role: WeightRole, of: readonly Dim[]) =>
      weightShape({ name, role, dims: of.map(d => d.symbol), shape: of.map(d => d.size!) });
    const own = biasDims(layer, equation, sizes);
    return [
      weight('W', 'kernel', dims),
      ...(own === null ? [] : [{ ...weight('b', 'bias', own), fill: 0 }]),
      ...(layer.lora ? [weight('Lo', 'kernel', dims)] : []),
    ];
  },

  outputShape(layer, [input]) {
    const { equation, sizes, open } = solved(layer, input);
    return [...equation.output].map(letter => (open.has(letter) ? { ...sizes.get(letter)!, size: null } : sizes.get(letter)!));
  },

  cost(layer, [input]) {
    const { equation, sizes } = solved(layer, input);
    const letters = [...new Set(equation.input + equation.kernel)].filter(letter => letter !== equation.input[0]);
    const output = [...equation.output].slice(1).map(letter => sizes.get(letter)!.size);
    const matmul = multiply(layer.lora ? 2 : 1, ...letters.map(letter => sizes.get(letter)!.size));
    const factors = letters.map(letter => factor(sizes.get(letter)!.symbol));
    const formula = [...(layer.lora ? ['2'] : []), ...factors].join('*');
    return productCost({ useBias: layer.biasAxes !== null, activation: layer.activation }, matmul, multiply(...output), formula);
  },

  apply(layer, [input], { kernels, weights }) {
    const equation = equationOf(layer.equation, input.tensor.shape.length);
    const x = layer.roundedInput ? rounded(input.tensor, summedAxes(equation)) : input.tensor;
    const y = contracted(equation, x, weights.get('W')!, kernels);
    const [bias, adapter] = [weights.get('b'), weights.get('Lo')];
    if (adapter) addTo(y, contracted(equation, input.tensor, adapter, kernels));
    if (bias) addTrailing(y, bias);
    return { tensor: activated(layer.activation, y) };
  },

  onnx(layer, call) {
    const {
      builder,
      inputs: [x],
      weight,
      activation,
    } = call;
    const { input, kernel, output } = equationOf(layer.equation, call.shapes[0].length);
    const equation = text(`${input},${kernel}->${output}`);
    const given = layer.roundedInput ? roundedOnnx(layer.name, x, builder, summedAxes({ input, kernel, output })) : x;
    const times = (value: string, name: string, own: Tensor) =>
      builder.add('Einsum', [value, builder.constant(`${layer.name}.${name}`, own)], { equation }, layer.name);
    const adapter = weight('Lo');
    const product = times(given, 'weight', weight('W')!);
    const y = adapter ? builder.add('Add', [product, times(x, 'lora', adapter)], {}, layer.name) : product;
    return activation(layer.activation, biased(layer, call, y));
  },
  scripts: inBoth(expression),
};

function checkText(value: unknown, key: string): unknown {
  if (typeof value === 'string' && /^[a-zA-Z.,>-]{1,100}$/.test(value)) return value;
  throw new RnnError('spec', 'E_SPEC_TYPE', `${key} is not a string of letters`, { where: key, expected: "letters, as in 'abc,cd->abd'" });
}

function checkOutput(value: unknown, key: string): unknown {
  const list = typeof value === 'number' ? [value] : value;
  const fits = Array.isArray(list) && list.every(n => n === null || (Number.isInteger(n) && n > 0));
  if (fits) return list;
  throw new RnnError('spec', 'E_SPEC_TYPE', `expected a size, or null to take that of the input`, {
    where: key,
    expected: 'a list of sizes',
  });
}

interface Solved {
  readonly equation: Equation;
  readonly sizes: ReadonlyMap<string, Dim>;
  /** letters of output axes whose size is given as None: open to Keras, and so to all later layers */
  readonly open: ReadonlySet<string>;
}

/** Returns the size of every letter: taken from the input if it is there, else from `outputShape`. @throws RnnError E_EQUATION, E_RANK */
function solved(layer: EinsumDenseSpec, input: DimShape): Solved {
  const equation = equationOf(layer.equation, input.length);
  const sizes = new Map<string, Dim>([...equation.input].map((letter, axis) => [letter, input[axis]]));
  // a leading '...' includes the batch, and the axes it stands for come before the given sizes. If there are too many sizes, Keras reads the first ones
  const left = leftLetters(layer.equation)?.length ?? equation.output.length;
  const given = left < equation.output.length ? layer.outputShape.slice(0, left) : layer.outputShape;
  const open = new Set<string>();
  const elided = equation.output.length - 1 - given.length;
  const right = layer.equation.endsWith('...');
  [...equation.output].slice(1).forEach((letter, i) => {
    const size = right ? given[i] : given[i - elided];
    const known = sizes.get(letter);
    if (known && size !== null && size !== undefined && known.size !== null && known.size !== size)
      throw new RnnError('shape', 'E_RANK', `the equation keeps ${known.symbol} = ${known.size}, but the output shape has ${size} there`, {
        expected: String(known.size),
        found: String(size),
      });
    if (!known) sizes.set(letter, { symbol: String(size), size: size ?? null });
    else if (size === null) open.add(letter);
  });
  const missing =
    [...equation.kernel].find(letter => !sizes.has(letter)) ??
    [...sizes].find(([, d]) => d.symbol === 'null' || d.symbol === 'undefined')?.[0];
  if (missing || elided < 0) {
    const message = `${showShape(input)} and the output (${given.join(', ')}) do not say every size of ${layer.equation}`;
    throw new RnnError('shape', 'E_RANK', message, {
      expected: 'a size for every letter that is not in the input',
      found: given.join(', '),
    });
  }
  return { equation, sizes, open };
}

/** Returns the letters after a leading '...' of the output: 'f' in '...e,ef->...f'; undefined without one. */
function leftLetters(equation: string): string | undefined {
  return /->\.\.\.(.*)$/.exec(equation)?.[1];
}

/** Returns the shape of the bias: the output axes from the first one in `biasAxes` on; those not in it have size 1. */
function biasDims({ biasAxes }: EinsumDenseSpec, { output }: Equation, sizes: ReadonlyMap<string, Dim>): Dim[] | null {
  if (biasAxes === null) return null;
  const first = Math.min(...[...biasAxes].map(letter => output.indexOf(letter)));
  if (first < 0)
    throw new RnnError('shape', 'E_EQUATION', `the bias has an axis that the output '${output}' does not have`, {
      where: 'biasAxes',
      found: biasAxes,
    });
  return [...output.slice(first)].map(letter => (biasAxes.includes(letter) ? sizes.get(letter)! : { symbol: '1', size: 1 }));
}

/** Computes the product as matrix products, one for each position of the axes that input, kernel and output share. */
function contracted({ input, kernel, output }: Equation, x: Tensor, W: Tensor, kernels: Kernels): Tensor {
  const both = [...input].filter(l => kernel.includes(l) && output.includes(l));
  const summed = [...input].filter(l => kernel.includes(l) && !output.includes(l));
  const kept = [...input].filter(l => !kernel.includes(l) && output.includes(l));
  const lost = [...input].filter(l => !kernel.includes(l) && !output.includes(l));
  const fresh = [...kernel].filter(l => !input.includes(l));
  const size = new Map([...input].map((l, i): [string, number] => [l, x.shape[i]]));
  [...kernel].forEach((l, i) => {
    size.set(l, W.shape[i]);
  });
  const sizes = (letters: readonly string[]) => letters.map(l => size.get(l)!);
  // an axis that only the input has is summed by repeating rows of the kernel
  const a = permuteAxes(
    x,
    [...both, ...kept, ...lost, ...summed].map(l => input.indexOf(l)),
  );
  const b = permuteAxes(
    W,
    [...both, ...summed, ...fresh].map(l => kernel.indexOf(l)),
  );
  const [H, R, Z, D, K] = [both, kept, lost, summed, fresh].map(letters => sizeOf(sizes(letters)));
  const data = kernels.allocate(H * R * K);
  for (let h = 0; h < H; h++) {
    const own = b.data.subarray(h * D * K, (h + 1) * D * K);
    const matrix = kernels.allocate(Z * D * K);
    for (let z = 0; z < Z; z++) matrix.set(own, z * D * K);
    const rows = a.data.subarray(h * R * Z * D, (h + 1) * R * Z * D);
    data.set(kernels.affine({ shape: [R, Z * D], data: rows }, { shape: [Z * D, K], data: matrix }).data, h * R * K);
  }
  const order = [...both, ...kept, ...fresh];
  const y = { shape: sizes(order), data };
  return permuteAxes(
    y,
    [...output].map(l => order.indexOf(l)),
  );
}

/** Axes of the input that the output lacks. */
function summedAxes({ input, output }: Equation): number[] {
  return [...input].flatMap((letter, axis) => (output.includes(letter) ? [] : [axis]));
}

/** Adds a bias to the last axes of y in place; its axes of size 1 are broadcast. */
function addTrailing(y: Tensor, bias: Tensor): void {
  const own = y.shape.slice(y.shape.length - bias.shape.length);
  const inner = sizeOf(own);
  const which = Int32Array.from({ length: inner }, (_, k) => {
    let rest = k;
    let at = 0;
    let step = 1;
    for (let axis = own.length - 1; axis >= 0; axis--) {
      if (bias.shape[axis] !== 1) at += (rest % own[axis]) * step;
      step *= bias.shape[axis];
      rest = Math.floor(rest / own[axis]);
    }
    return at;
  });
  for (let k = 0; k < y.data.length; k++) y.data[k] += bias.data[which[k % inner]];
}

function biased(layer: EinsumDenseSpec, { builder, weight }: OnnxCall, y: string): string {
  const bias = weight('b');
  return bias ? builder.add('Add', [y, builder.constant(`${layer.name}.bias`, reshape(bias, bias.shape))], {}, `${layer.name}/bias`) : y;
}

function expression(library: ArrayLibrary, layer: EinsumDenseSpec, { inputs: [x], weight, activation, shapes }: ScriptCall): string {
  refuseRounded(layer, 'a script has no int8 input of an EinsumDense layer', 'use forward, or convert to .onnx');
  const { input, kernel, output } = equationOf(layer.equation, shapes[0].length);
  const bias = weight('b');
  const y = `${library}.einsum(${pythonText(`${input},${kernel}->${output}`)}, ${x}, ${weight('W')})`;
  return activation(layer.activation, bias ? `(${y} + ${bias})` : y);
}
