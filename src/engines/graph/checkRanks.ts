import type { OnnxNode } from '../../formats/onnx/graph.js';
import { shapeError } from '../../ops/value.js';
import { formatShape } from '../../tensor/tensor.js';

/**
 * How many axes inputs of ONNX's operators have, where ONNX fixes it: `X:3+ B:1 -`, one place for each input in order; `-` is any number. Lists of
 * axes, sizes and positions have one axis (those of Squeeze and Unsqueeze, and k of TopK, may be single numbers as well). From the descriptions in
 * onnx/docs/Operators.md; programs that follow ONNX refuse any other, where a computation might still be possible.
 */
const TABLE = `
  Reduce(Max|Min|Sum|Prod|Mean|L1|L2|SumSquare|LogSum|LogSumExp): - axes:1
  Reshape|Expand|Tile: - sizes:1
  ConstantOfShape: sizes:1
  Slice: - starts:1 ends:1 axes:1 steps:1
  Pad: - pads:1 - axes:1
  Split: - sizes:1
  Squeeze|Unsqueeze: - axes:1-
  TopK: - k:1-
  Resize: - - scales:1 sizes:1
  Upsample: - scales:1
  OneHot: - - values:1
  Compress: - condition:1
  Global(Max|Average|Lp)Pool|(Max|Average|Lp)Pool|LRN|InstanceNormalization: X:3+
  Conv|ConvTranspose: X:3+ W:3+ B:1
  BatchNormalization: X:1+ scale:1 B:1 mean:1 var:1
  Gemm: A:2 B:2
  Trilu: X:2+
  Attention: Q:3+ K:3+ V:3+ - past_key:4 past_value:4 nonpad_kv_seqlen:1
  RotaryEmbedding: X:3+ - - position_ids:2
  (NegativeLogLikelihood|SoftmaxCrossEntropy)Loss: scores:2+ targets:1+ weights:1
  RNN|GRU: X:3 W:3 R:3 B:2 sequence_lens:1 initial_h:3
  LSTM: X:3 W:3 R:3 B:2 sequence_lens:1 initial_h:3 initial_c:3 P:2
`;

interface Rank {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

let table: ReadonlyMap<RegExp, readonly (Rank | null)[]> | undefined;

function ranks(): ReadonlyMap<RegExp, readonly (Rank | null)[]> {
  table ??= new Map(
    TABLE.trim()
      .split('\n')
      .map(line => {
        const [operators, places] = line.trim().split(/: (.*)/);
        return [new RegExp(`^(${operators})$`), places.split(' ').map(rankOf)];
      }),
  );
  return table;
}

/** `X:3+` three axes or more, `k:1-` at most one, `B:1` one; null for `-`. */
function rankOf(place: string): Rank | null {
  const [, name, count, open] = /^(\w+):(\d)([+-]?)$/.exec(place) ?? [];
  if (count === undefined) return null;
  return { name, least: open === '-' ? 0 : Number(count), most: open === '+' ? Number.POSITIVE_INFINITY : Number(count) };
}

/**
 * Checks how many axes the inputs of one of ONNX's own operators have.
 * @param shapes one for each input; undefined: left out, or unknown
 * @throws RnnError E_ONNX_SHAPE
 */
export function checkRanks({ domain, opType }: OnnxNode, shapes: readonly (readonly (number | null)[] | undefined)[]): void {
  if (domain !== '') return;
  const places = [...ranks()].find(([operators]) => operators.test(opType))?.[1];
  places?.forEach((place, i) => {
    const shape = shapes[i];
    if (!place || !shape || (shape.length >= place.least && shape.length <= place.most)) return;
    const { name, least, most } = place;
    const axes = least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `at most ${most}`;
    throw shapeError(
      `input ${i} of ${opType}, ${name}, has the wrong rank`,
      formatShape(shape),
      `${axes} ${axes.endsWith('1') ? 'axis' : 'axes'}`,
    );
  });
}
