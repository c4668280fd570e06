import { fixed, int, notRun, op, type Rule, type Rules, self, sizesOf, step } from './rule.js';
import { type Call, numbers } from './wiring.js';

/** nn.Unfold and nn.Fold: windows of an image as columns, and back. */

interface Places {
  /** of the padded image */
  readonly height: number;
  readonly width: number;
  /** for each place in a window, for each window: the number of the image */
  readonly at: readonly number[];
  readonly windows: number;
  readonly inside: number;
}

function pair(call: Call, name: string): readonly [number, number] {
  const given = numbers(call, name) as number[];
  if (given.length === 0 || given.some(n => typeof n !== 'number')) throw notRun(`${call.node.target} without ${name}`);
  return [given[0], given[given.length - 1]];
}

function placesOf(call: Call, image: readonly [number, number]): Places & { readonly pads: readonly [number, number] } {
  const [kernel, dilation, pads, stride] = ['kernel_size', 'dilation', 'padding', 'stride'].map(name => pair(call, name));
  const size = image.map((n, i) => n + 2 * pads[i]);
  const out = size.map((n, i) => Math.floor((n - dilation[i] * (kernel[i] - 1) - 1) / stride[i]) + 1);
  const at: number[] = [];
  for (let i = 0; i < kernel[0]; i++)
    for (let j = 0; j < kernel[1]; j++)
      for (let p = 0; p < out[0]; p++)
        for (let q = 0; q < out[1]; q++) at.push((p * stride[0] + i * dilation[0]) * size[1] + q * stride[1] + j * dilation[1]);
  return { height: size[0], width: size[1], at, windows: out[0] * out[1], inside: kernel[0] * kernel[1], pads };
}

/** x [N, C, H, W] -> [N, C·window, windows] */
const columns: Rule = call => {
  if (sizesOf(call).length !== 4) throw notRun(`${call.node.target} of one image`);
  const { height, width, at, windows, inside, pads } = placesOf(call, [fixed(call, 2), fixed(call, 3)]);
  const C = fixed(call, 1);
  const padded = step(call, 'Pad', [self(call), int([0, 0, ...pads, 0, 0, ...pads])], { mode: 'constant' });
  const flat = step(call, 'Reshape', [padded, int([0, C, height * width])]);
  const taken = step(call, 'Gather', [flat, { type: 'int', shape: [at.length], data: at }], { axis: 2 });
  return op(call, 'Reshape', [taken, int([0, C * inside, windows])]);
};

/** A constant is no larger. */
const MOST_NUMBERS = 250_000;

/** x [N, C·window, windows] -> [N, C, H, W]: each column times the matrix of ones that says where its numbers stand */
const image: Rule = call => {
  const size = pair(call, 'output_size');
  const { height, width, at, windows, inside, pads } = placesOf(call, size);
  if (sizesOf(call).length !== 3 || at.length * height * width > MOST_NUMBERS) throw notRun(`${call.node.target} of this size`);
  const C = fixed(call, 1) / inside;
  const data = new Array<number>(at.length * height * width).fill(0);
  at.forEach((to, from) => {
    data[from * height * width + to] = 1;
  });
  const flat = step(call, 'Reshape', [self(call), int([0, C, inside * windows])]);
  const sums = step(call, 'MatMul', [flat, { type: 'float', shape: [at.length, height * width], data }]);
  const whole = step(call, 'Reshape', [sums, int([0, C, height, width])]);
  const ends = pads.map((pad, i) => pad + size[i]);
  return op(call, 'Slice', [whole, int(pads), int(ends), int([2, 3])]);
};

export const COLUMNS: Rules = { im2col: columns, col2im: image };
