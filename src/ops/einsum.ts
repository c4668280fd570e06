import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { formatShape } from '../tensor/tensor.js';
import { textOf } from './attributes.js';
import { type Call, type Operators, plain } from './operator.js';
import { pass } from './room.js';
import { allocateShape, type GraphValue, shapeError, stridesOf } from './value.js';

/** Einsum: products, summed over every letter that is not in the result, `bij,bjk->bik`. */
export const EINSUM: Operators = { Einsum: plain(einsum, ['equation']) };

function einsum(call: Call): GraphValue {
  const equation = (textOf(call.node, 'equation') ?? '').replace(/\s/g, '');
  const values = call.inputs.filter((v): v is GraphValue => v !== undefined);
  const match = /^([a-zA-Z0-9]*(?:,[a-zA-Z0-9]*)*)(?:->([a-zA-Z0-9]*))?$/.exec(written(equation, values));
  const terms = match?.[1].split(',');
  if (!terms || terms.length !== values.length)
    throw new RnnError('unsupported', 'E_ONNX_ATTRIBUTE', `cannot read the equation ${escapeText(equation, 60)}`, {
      where: 'equation',
      expected: `letters for each of ${values.length} inputs`,
      found: escapeText(equation, 60),
    });
  const letters = [...new Set(terms.join(''))];
  const result =
    match![2] ??
    letters
      .filter(l => /\d/.test(l) || terms.join('').split(l).length === 2)
      .sort()
      .join('');
  const sizes = sizesOf(terms, values);
  const summed = letters.filter(l => !result.includes(l));
  const order = [...result, ...summed];
  const shape = [...result].map(l => sizes.get(l)!);
  const data = allocateShape(shape, values[0].kind, call.kernels.precision);
  const strides = values.map((v, i) => stepsOf(order, terms[i], v.shape));
  const outs = shape.reduce((a, b) => a * b, 1);
  const inner = summed.reduce((n, l) => n * sizes.get(l)!, 1);
  const index = new Array<number>(order.length).fill(0);
  const at = values.map(() => 0);
  for (let k = 0; k < outs; k++) {
    let sum = 0;
    for (let s = 0; s < inner; s++) {
      pass(values.length);
      let product = 1;
      for (let v = 0; v < values.length; v++) product *= values[v].data[at[v]];
      sum += product;
      next(order, sizes, index, at, strides);
    }
    data[k] = sum;
  }
  return { kind: values[0].kind, type: values[0].type, shape, data };
}

/** Replaces '...' by digits, one for each axis it stands for, counted from the last. */
function written(equation: string, values: readonly GraphValue[]): string {
  const [left, right] = equation.split('->');
  const terms = left.split(',');
  const open = terms.map((term, i) => (term.includes('...') ? (values[i]?.shape.length ?? 0) - term.replace('...', '').length : 0));
  const digits = (count: number) => '0123456789'.slice(10 - Math.max(0, count));
  if (/\d/.test(equation) || Math.max(...open) > 10) return '?';
  const inputs = terms.map((term, i) => term.replace('...', digits(open[i]))).join(',');
  return right === undefined ? inputs : `${inputs}->${right.replace('...', digits(Math.max(...open)))}`;
}

function sizesOf(terms: readonly string[], values: readonly GraphValue[]): Map<string, number> {
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    if (term.length !== values[i].shape.length)
      throw shapeError('the equation does not match the axes of an input', `${term} for ${formatShape(values[i].shape)}`);
    [...term].forEach((letter, axis) => {
      const size = values[i].shape[axis];
      const known = sizes.get(letter) ?? size;
      const stretches = /\d/.test(letter) && (known === 1 || size === 1);
      if (known !== size && !stretches)
        throw shapeError(
          `the letter ${letter} stands for axes of two sizes`,
          `${sizes.get(letter)} and ${size}`,
          'one size for each letter',
        );
      sizes.set(letter, stretches ? Math.max(known, size) : size);
    });
  });
  return sizes;
}

/** Stride of an input for each letter: the sum of the strides of its axes with that letter. */
function stepsOf(order: readonly string[], term: string, shape: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return order.map(letter =>
    [...term].reduce((sum, l, axis) => (l === letter && (shape[axis] > 1 || /\D/.test(l)) ? sum + strides[axis] : sum), 0),
  );
}

/** Advances to the next index in C order, and updates the position in each input. */
function next(
  order: readonly string[],
  sizes: ReadonlyMap<string, number>,
  index: number[],
  at: number[],
  steps: readonly number[][],
): void {
  for (let i = order.length - 1; i >= 0; i--) {
    const size = sizes.get(order[i])!;
    index[i]++;
    for (let v = 0; v < at.length; v++) at[v] += steps[v][i];
    if (index[i] < size) return;
    for (let v = 0; v < at.length; v++) at[v] -= steps[v][i] * size;
    index[i] = 0;
  }
}
