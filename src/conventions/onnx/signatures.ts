import type { DType } from '../../formats/format.js';
import type { OnnxNode } from '../../formats/onnx/graph.js';

/**
 * Inputs and outputs of ONNX's own operators, from onnx.defs of onnx 1.23 (operator set 28), and of some of ONNX Runtime's (ContribOperators.md).
 * `10 a1i2i2i2?i2? a1 name`: from set 10 on, five inputs, one output, and the required attribute `name`. A letter is a class of types; letters with
 * the same number have the same type; `?` is optional, `*` one or more, `**` any number; `.` means none, `-` anything (a sequence, text), and `x`
 * that the operator was withdrawn.
 */
const TABLE = `
  Abs: 1 n1 n1
  Acos: 7 f1 f1
  Acosh: 9 f1 f1
  Add: 1 n1n1 n1
  AffineGrid: 20 f1l f1
  And: 1 b1b1 b
  ArgMax: 1 n l
  ArgMin: 1 n l
  Asin: 7 f1 f1
  Asinh: 9 f1 f1
  Atan: 7 f1 f1
  Atanh: 9 f1 f1
  Attention: 23 f1f1f2a?f1?f2? f1f1?f2?f1?; 24 f1f1f2a?f1?f2?l? f1f1?f2?f1?
  AveragePool: 1 f1 f1 kernel_shape
  BatchNormalization: 1 f1f1f1f1f1 f1f1?f1?f1?f1? consumed_inputs; 6 f1f1f1f1f1 f1f1?f1?f1?f1?; 14 f1f1f1f2f2 f1f2?f2?; 15 f1f2f2f3f3 f1f3?f3?
  Bernoulli: 15 f a
  BitCast: 26 a a to
  BitShift: 11 w1w1 w1 direction
  BitwiseAnd: 18 w1w1 w1
  BitwiseNot: 18 w1 w1
  BitwiseOr: 18 w1w1 w1
  BitwiseXor: 18 w1w1 w1
  BlackmanWindow: 17 i n
  Cast: 1 a a to
  CastLike: 15 aa1 a1
  CausalConvWithState: 27 f1f1f1?f1? f1f1
  Ceil: 1 f1 f1
  Celu: 12 f1 f1
  CenterCropPad: 18 a1i a1
  Clip: 1 f1 f1; 11 n1n1?n1? n1
  Col2Im: 18 a1ll a1
  Compress: 9 a1b a1
  Concat: 1 f1* f1; 4 a1* a1 axis
  ConcatFromSequence: 11 - a axis
  Constant: 1 . a value; 11 . a
  ConstantOfShape: 9 l a
  Conv: 1 f1f1f1? f1
  ConvInteger: 10 q1q2q1?q2? j
  ConvTranspose: 1 f1f1f1? f1
  Cos: 7 f1 f1
  Cosh: 9 f1 f1
  CumProd: 26 n1i n1
  CumSum: 11 n1i n1
  DFT: 17 f1i? f1; 20 f1i?l? f1
  DeformConv: 19 f1f1f1f1?f1? f1
  DepthToSpace: 1 a1 a1 blocksize
  DequantizeLinear: 10 w1sw1? s; 19 w1f2w1? f2; 23 w1fw1? f
  Det: 11 f1 f1
  Div: 1 n1n1 n1
  Dropout: 1 f1 f1f1?; 10 f1 f1b?; 12 f1f?b2? f1b2?
  DynamicQuantizeLinear: 11 s y1sy1
  Einsum: 12 n1* n1 equation
  Elu: 1 f1 f1
  Equal: 1 a1a1 b
  Erf: 9 n1 n1
  Exp: 1 f1 f1
  Expand: 8 a1l a1
  EyeLike: 9 a a
  Flatten: 1 a1 a1
  Floor: 1 f1 f1
  GRU: 1 f1f1f1f1?j?f1? f1?f1; 3 f1f1f1f1?j?f1? f1?f1?
  Gather: 1 a1i a1
  GatherElements: 11 a1i a1
  GatherND: 11 a1l a1
  Gelu: 20 f1 f1
  Gemm: 1 n1n1n1 n1; 11 n1n1n1? n1
  GlobalAveragePool: 1 f1 f1
  GlobalLpPool: 1 f1 f1
  GlobalMaxPool: 1 f1 f1
  Greater: 1 n1n1 b
  GreaterOrEqual: 12 n1n1 b
  GridSample: 16 a1f a1
  GroupNormalization: 18 x; 21 f1f1f1 f1 num_groups
  HammingWindow: 17 i n
  HannWindow: 17 i n
  HardSigmoid: 1 f1 f1
  HardSwish: 14 f1 f1
  Hardmax: 1 f1 f1
  Identity: 1 a1 a1; 14 - -
  If: 1 b -* else_branch then_branch
  ImageDecoder: 20 y y
  InstanceNormalization: 1 f1f1f1 f1
  IsInf: 10 f b
  IsNaN: 9 f b
  LRN: 1 f1 f1 size
  LSTM: 1 f1f1f1f1?j?f1?f1?f1? f1?f1?f1?
  LayerNormalization: 17 f1f1f1? f1f2?f2?
  LeakyRelu: 1 f1 f1
  Less: 1 n1n1 b
  LessOrEqual: 12 n1n1 b
  LinearAttention: 27 f1f1f1f2?f1?f1? f1f2 kv_num_heads q_num_heads
  Log: 1 f1 f1
  LogSoftmax: 1 f1 f1
  Loop: 1 l?b?-* -* body; 11 l?b?-** -* body
  LpNormalization: 1 f1 f1
  LpPool: 1 f1 f1; 2 f1 f1 kernel_shape
  MatMul: 1 n1n1 n1
  MatMulInteger: 10 q1q2q1?q2? j
  Max: 1 n1* n1
  MaxPool: 1 f1 f1 kernel_shape; 8 n1 n1l? kernel_shape
  MaxRoiPool: 1 f1f1 f1 pooled_shape
  MaxUnpool: 9 f1l2l2? f1 kernel_shape
  Mean: 1 f1* f1
  MeanVarianceNormalization: 9 f1 f1
  MelWeightMatrix: 17 i1i1i1f2f2 n
  Min: 1 n1* n1
  Mish: 18 f1 f1
  Mod: 10 n1n1 n1
  Mul: 1 n1n1 n1
  Multinomial: 7 f i
  Neg: 1 n1 n1
  NegativeLogLikelihoodLoss: 12 f1if1? f1
  NonMaxSuppression: 10 ssl?s?s? l
  NonZero: 9 a l
  Not: 1 b1 b1
  OneHot: 9 nna1 a1
  Optional: 15 -? -
  OptionalGetElement: 15 - -
  OptionalHasElement: 15 - b; 18 -? b
  Or: 1 b1b1 b
  PRelu: 1 n1n1 n1
  Pad: 1 f1 f1 paddings; 2 f1 f1 pads; 11 a1la1? a1; 18 a1la1?i? a1
  Pow: 1 f1f1 f1; 12 n1n n1
  QLinearConv: 10 q1sq1q2sq2sq3j? q3
  QLinearMatMul: 10 q1sq1q2sq2sq3 q3; 21 q1f2q1q3f2q3f2q4 q4
  QuantizeLinear: 10 nsq1? q1; 19 n1n1w2? w2; 23 nnw1? w1
  RMSNormalization: 23 ff1 f1
  RNN: 1 f1f1f1f1?j?f1? f1?f1?
  RandomNormal: 1 . f shape
  RandomNormalLike: 1 a f
  RandomUniform: 1 . f shape
  RandomUniformLike: 1 a f
  Range: 11 n1n1n1 n1
  Reciprocal: 1 f1 f1
  ReduceL1: 1 n1 n1; 18 n1l? n1
  ReduceL2: 1 n1 n1; 18 n1l? n1
  ReduceLogSum: 1 n1 n1; 18 n1l? n1
  ReduceLogSumExp: 1 n1 n1; 18 n1l? n1
  ReduceMax: 1 n1 n1; 18 a1l? a1
  ReduceMean: 1 n1 n1; 18 n1l? n1
  ReduceMin: 1 n1 n1; 18 a1l? a1
  ReduceProd: 1 n1 n1; 18 n1l? n1
  ReduceSum: 1 n1 n1; 13 n1l? n1
  ReduceSumSquare: 1 n1 n1; 18 n1l? n1
  RegexFullMatch: 20 - b
  Relu: 1 n1 n1
  Reshape: 1 f1 f1; 5 a1l a1
  Resize: 10 a1s a1; 11 a1fsl? a1; 13 a1f?s?l? a1
  ReverseSequence: 10 a1l a1
  RoiAlign: 10 f1f1l f1
  RotaryEmbedding: 23 f1f1f1l? f1
  Round: 11 f1 f1
  STFT: 17 f1i2f1?i2? f1
  Scan: 8 l?-* -* body num_scan_inputs; 9 -* -* body num_scan_inputs
  Scatter: 9 a1ia1 a1; 11 x
  ScatterElements: 11 a1ia1 a1
  ScatterND: 11 a1la1 a1
  Selu: 1 f1 f1
  SequenceAt: 11 -i a
  SequenceConstruct: 11 a1* -
  SequenceEmpty: 11 . -
  SequenceErase: 11 -i? -
  SequenceInsert: 11 -ai? -
  SequenceLength: 11 - l
  SequenceMap: 17 --** -* body
  Shape: 1 a l
  Shrink: 9 n1 n1
  Sigmoid: 1 f1 f1
  Sign: 9 n1 n1
  Sin: 7 f1 f1
  Sinh: 9 f1 f1
  Size: 1 a l
  Slice: 1 a1 a1 ends starts; 10 a1i2i2i2?i2? a1
  Softmax: 1 f1 f1
  SoftmaxCrossEntropyLoss: 12 f1if1? f1f1?
  Softplus: 1 f1 f1
  Softsign: 1 f1 f1
  SpaceToDepth: 1 a1 a1 blocksize
  Split: 1 f1f1? f1*; 2 a1 a1*; 13 a1l? a1*
  SplitToSequence: 11 ai? -
  Sqrt: 1 f1 f1
  Squeeze: 1 a1 a1; 13 a1l? a1
  StringConcat: 20 -1-1 -1
  StringNormalizer: 10 - -
  StringSplit: 20 - -l
  Sub: 1 n1n1 n1
  Sum: 1 f1* f1
  SwiGLU: 28 f1f1 f1
  Swish: 24 f1 f1
  Tan: 7 f1 f1
  Tanh: 1 f1 f1
  TensorScatter: 24 a1a1l? a1
  TfIdfVectorizer: 9 i s max_gram_length max_skip_count min_gram_length mode ngram_counts ngram_indexes
  ThresholdedRelu: 10 f1 f1
  Tile: 1 f1f1f1 f1; 6 a1l a1
  TopK: 1 f1 f1l k; 10 n1l n1l
  Transpose: 1 a1 a1
  Trilu: 14 a1l? a1
  Unique: 11 a1 a1l?l?l?
  Unsqueeze: 1 a1 a1 axes; 13 a1l a1
  Upsample: 1 a1 a1 height_scale width_scale; 7 a1 a1 scales; 9 a1s a1; 10 x
  Where: 9 ba1a1 a1
  Xor: 1 b1b1 b
  com.microsoft.BiasGelu: 1 f1f1 f1
  com.microsoft.DynamicQuantizeLSTM: 1 s1q2q2s1?j?s1?s1?s1?s1q2s1q2 s1?s1?s1?
  com.microsoft.DynamicQuantizeMatMul: 1 f1q2f1q2?f1? f1
  com.microsoft.FastGelu: 1 f1f1? f1
  com.microsoft.FusedConv: 1 f1f1f1?f1? f1
  com.microsoft.FusedGemm: 1 f1f1f1? f1
  com.microsoft.FusedMatMul: 1 f1f1 f1
  com.microsoft.Gelu: 1 f1 f1
  com.microsoft.MatMulIntegerToFloat: 1 q1q2f3f3q1?q2?f3? f3
  com.microsoft.QGemm: 1 q1sq1q2sq2j?s?q? -
  com.microsoft.QuickGelu: 1 f1 f1
`.trim();

const FLOATS = ['f16', 'bf16', 'f32', 'f64'] as const;
const WHOLE = ['i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64'] as const;

/** The classes by their letters. */
const CLASSES: Readonly<Record<string, readonly DType[]>> = {
  s: ['f32'],
  l: ['i64'],
  j: ['i32'],
  y: ['u8'],
  b: ['bool'],
  i: ['i32', 'i64'],
  q: ['i8', 'u8'],
  f: FLOATS,
  w: WHOLE,
  n: [...FLOATS, ...WHOLE],
  a: [...FLOATS, ...WHOLE, 'bool'],
};

/** An input or output; undefined types: anything. */
export interface Place {
  readonly types?: readonly DType[];
  /** places with the same number have the same type */
  readonly same?: string;
  readonly optional: boolean;
  readonly repeated: boolean;
}

export interface Signature {
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
  /** required attributes */
  readonly required: readonly string[];
}

/** The newest operator set in the table. In a file of this set or an older one, a name that is not in the table is an error; newer sets may have others. */
const NEWEST = 28;

const RULES: ReadonlyMap<string, readonly string[]> = new Map(
  TABLE.split('\n').map(line => {
    const [name, rules] = line.trim().split(': ');
    return [name, rules.split('; ')];
  }),
);

/** The line that holds for an operator set. */
function ruleOf(name: string, version: number): string | undefined {
  return RULES.get(name)?.findLast(rule => Number.parseInt(rule, 10) <= version);
}

/** Whether the operator set of this version has an operator of this name, as far as the table reaches. */
export function isOperator(name: string, version: number): boolean {
  // what ONNX Runtime writes without naming its domain
  return version > NEWEST || ruleOf(name, version) !== undefined || name === 'SimplifiedLayerNormalization';
}

/** Returns the signature of an operator in this version of the set; undefined if the table has none. */
export function signatureOf({ domain, opType }: Pick<OnnxNode, 'domain' | 'opType'>, version: number): Signature | undefined {
  if (domain === '' && version > NEWEST) return undefined;
  const rule = domain === '' ? ruleOf(opType, version) : ruleOf(`${domain}.${opType}`, 1);
  const [, inputs, outputs, ...required] = rule?.split(' ') ?? [];
  return outputs === undefined ? undefined : { inputs: placesIn(inputs), outputs: placesIn(outputs), required };
}

function placesIn(text: string): Place[] {
  return [...text.matchAll(/([a-z-])(\d?)(\?|\*{0,2})/g)].map(([, letter, same, how]) => ({
    types: CLASSES[letter],
    same,
    optional: how === '?' || how === '**',
    repeated: how.startsWith('*'),
  }));
}
