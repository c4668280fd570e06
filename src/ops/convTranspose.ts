import { formatShape, sizeOf } from '../tensor/tensor.js';
import { intOf, intsOf, textOf } from './attributes.js';
import { type Call, need, type Operators, plain } from './operator.js';
import { allocateShape, type GraphValue, shapeError } from './value.js';
import { type Axis, checkBias, checkKernel, slide, WINDOW } from './windows.js';

/** The transposed convolution: every number of x adds a scaled copy of the kernel to the output. */
export const CONV_TRANSPOSE: Operators = { ConvTranspose: plain(convTranspose, [...WINDOW, 'group', 'output_padding', 'output_shape']) };

/** Returns the axes of the corresponding convolution, which goes the other way: `size` is that of the output, `out` that of the input. */
export function transposedAxes({ node }: Pick<Call, 'node'>, space: readonly number[], window: readonly number[]): Axis[] {
  const list = (name: string, value: number) => intsOf(node, name) ?? space.map(() => value);
  const [strides, dilations, extra] = [list('strides', 1), list('dilations', 1), list('output_padding', 0)];
  const pads = intsOf(node, 'pads') ?? space.flatMap(() => [0, 0]);
  const asked = intsOf(node, 'output_shape');
  const auto = textOf(node, 'auto_pad') ?? 'NOTSET';
  const lists = [strides, dilations, extra, window, asked ?? space];
  if (lists.some(l => l.length !== space.length) || pads.length !== 2 * space.length || [...strides, ...dilations].some(n => n < 1))
    throw shapeError(
      'strides, dilations, pads or kernel_shape do not match the axes of the input',
      formatShape(space),
      `${space.length} numbers each`,
    );
  if (extra.some((n, i) => n < 0 || (n > 0 && n >= Math.max(strides[i], dilations[i]))))
    throw shapeError('output_padding is too large', formatShape(extra), 'less than the stride or the dilation of the axis');
  checkKernel(node, window);
  return space.map((n, i): Axis => {
    const whole = strides[i] * (n - 1) + extra[i] + (window[i] - 1) * dilations[i] + 1;
    const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
    const given = asked ? asked[i] : same ? Math.min(whole, n * strides[i]) : undefined;
    const cut = given === undefined ? 0 : Math.max(0, whole - given);
    const lower = auto === 'SAME_UPPER' ? Math.floor(cut / 2) : Math.ceil(cut / 2);
    const before = given === undefined ? (auto === 'VALID' ? 0 : pads[i]) : lower;
    const size = given ?? whole - before - (auto === 'VALID' ? 0 : pads[i + space.length]);
    if (size < 1) throw shapeError('the padding leaves no output', formatShape(space), 'an output of at least one element');
    return { size, out: n, before, after: 0, window: window[i], stride: strides[i], dilation: dilations[i] };
  });
}

/** x [N, C, …S], W [C, F/groups, …k], b [F]: multiplies each position of x by the kernel of its group and adds up where the results overlap. */
function convTranspose(call: Call): GraphValue {
  const [x, W, b] = [need(call, 0), need(call, 1), call.inputs[2]];
  const groups = intOf(call.node, 'group') ?? 1;
  const [N, C, ...space] = x.shape;
  const [rows, perGroup, ...window] = W.shape;
  if (x.shape.length !== W.shape.length || space.length === 0 || groups < 1 || rows !== C || C % groups !== 0)
    throw shapeError(
      'the kernel does not match the channels or axes of the input',
      `${formatShape(W.shape)} on ${formatShape(x.shape)}`,
      `[${C}, F/groups, …]`,
    );
  checkBias(b, perGroup * groups);
  const axes = transposedAxes(call, space, window);
  const [places, ins, outs, own] = [sizeOf(window), sizeOf(space), axes.reduce((n, a) => n * a.size, 1), C / groups];
  const shape = [N, perGroup * groups, ...axes.map(a => a.size)];
  const data = allocateShape(shape, 'float', call.kernels.precision);
  if (b) for (let k = 0; k < data.length; k++) data[k] = b.data[Math.floor(k / outs) % (perGroup * groups)];
  const K = perGroup * places;
  const columns = call.kernels.allocate(ins * own);
  for (let n = 0; n < N; n++)
    for (let g = 0; g < groups; g++) {
      for (let c = 0; c < own; c++) for (let i = 0; i < ins; i++) columns[i * own + c] = x.data[(n * C + g * own + c) * ins + i];
      const kernel = { shape: [own, K], data: W.data.subarray(g * own * K, (g + 1) * own * K) };
      const laid = call.kernels.affine({ shape: [ins, own], data: columns }, kernel).data;
      const start = (n * groups + g) * perGroup * outs;
      slide(axes, (i, to) => {
        for (let f = 0; f < perGroup; f++)
          for (let k = 0; k < places; k++) if (to[k] >= 0) data[start + f * outs + to[k]] += laid[i * K + f * places + k];
      });
    }
  return { kind: 'float', shape, data };
}
