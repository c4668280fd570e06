import { permuteAxes } from '../../tensor/axes.js';
import { swapBatchAndTime, transpose } from '../../tensor/layout.js';
import { type FloatArray, reshape, type Tensor } from '../../tensor/tensor.js';
import { type Fix, finished, mistake, type Way } from '../mistake.js';

/** The numbers of y with their axes in another order: [T, N, K] of a time-major framework, [K, N] of a matrix times columns. */

export interface Layout {
  readonly shape: readonly number[];
  /** 'with its axes in the order [T, N, K]' */
  readonly words: string;
  /** code that restores y */
  readonly fix?: Fix;
  /** Converts data in this layout to that of y. */
  back(data: FloatArray): FloatArray;
}

const ORDERS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  2: [[1, 0]],
  3: [
    [1, 0, 2],
    [0, 2, 1],
    [2, 0, 1],
    [1, 2, 0],
    [2, 1, 0],
  ],
};

/** All other orders of the axes of y [N, K] or [N, T, K]; also time-major y flattened to [T·N, K]. */
export function layoutsOf(shape: readonly number[]): Layout[] {
  const letters = shape.length === 3 ? ['N', 'T', 'K'] : ['N', 'K'];
  return (ORDERS[shape.length] ?? []).flatMap((order): Layout[] => {
    const moved = order.map(axis => shape[axis]);
    const words = order.map(axis => letters[axis]);
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const back = (data: FloatArray) => permuteAxes({ shape: moved, data }, inverse).data;
    const inOrder = (text: string) => `with its axes in the order ${text}`;
    const plain = { shape: moved, words: inOrder(`[${words.join(', ')}]`), back, fix: backFix(words, inverse) };
    const viewed = {
      shape: moved,
      words: `brought to [${words.join(', ')}] by reshape instead of by a transpose, so that the numbers stand in other places`,
      back: (data: FloatArray) => data,
      fix: {
        numpy: `y = y.reshape(${letters.join(', ')})   # ← as it was; then transpose, not reshape`,
        torch: `y = y.view(${letters.join(', ')})   # ← as it was; then permute, not view`,
      },
    };
    if (moved.length < 3) return [plain, viewed];
    const [a, b, c] = words;
    const numpy = `y = y.reshape(${words.join(', ')}).transpose(${inverse.join(', ')})   # ← [${a}·${b}, ${c}] -> [${letters.join(', ')}]`;
    const flat = { shape: [moved[0] * moved[1], moved[2]], words: inOrder(`[${a}·${b}, ${c}]`), back, fix: { numpy } };
    return [plain, viewed, flat];
  });
}

/** The fix: [T, N, K] in PyTorch comes from a default; any other order from the reader's own code. */
function backFix(words: readonly string[], inverse: readonly number[]): Fix {
  const to = inverse.map(axis => words[axis]).join(', ');
  const about = `# ← [${words.join(', ')}] -> [${to}]; not reshape`;
  if (words.length === 2) return { numpy: `y = y.T                       ${about}`, torch: `y = y.T                       ${about}` };
  const moved = inverse.join(', ');
  return {
    numpy: `y = y.transpose(${moved})      ${about}`,
    torch: moved === '1, 0, 2' ? 'rnn = nn.RNN(D, M, batch_first=True)' : `y = y.permute(${moved})        ${about}`,
  };
}

export const outputLayout = mistake('output-layout', 'the axes of the output are in another order', ['often', 'alone'], {
  why: 'The numbers are right, the axes of your array are in another order: [T, N, K] of PyTorch without batch_first, of ONNX and of a list of steps; [K, N] where a sample is a column.',
  numpy: 'y = y.transpose(1, 0, 2)      # ← [T, N, K] -> [N, T, K], or y.T of [K, N]; transpose, never reshape',
  torch: 'rnn = nn.RNN(D, M, batch_first=True)',
  example: { layers: 'rnn:3+seq,dense:1', N: 2, T: 3, D: 2 },
  variants(scenario) {
    const moved = (change: (y: Tensor) => Tensor, why: string): Way => ({ needs: 'all', change: s => finished(s, change), why });
    const only = (rank: number, change: (y: Tensor) => Tensor) => (y: Tensor) => (y.shape.length === rank ? change(y) : y);
    const inPlace = 'The numbers are right, but they were reshaped where the axes had to be transposed:';
    return [
      moved(only(3, swapBatchAndTime), 'The numbers are right, the axes of your array are [T, N, K] instead of [N, T, K].'),
      moved(
        only(3, y => reshape(swapBatchAndTime(y), y.shape)),
        `${inPlace} a list of T arrays [N, K] became [N, T, K] by reshape.`,
      ),
      moved(
        only(3, y => swapBatchAndTime(reshape(y, [y.shape[1], y.shape[0], y.shape[2]]))),
        `${inPlace} [N, T, K] was read as [T, N, K].`,
      ),
      ...(scenario.input.x.shape[0] > 1
        ? [
            moved(only(2, transpose), 'The numbers are right, the axes of your array are [K, N] instead of [N, K].'),
            moved(
              only(2, y => reshape(transpose(y), y.shape)),
              `${inPlace} an array [K, N] became [N, K] by reshape.`,
            ),
          ]
        : []),
    ];
  },
});
