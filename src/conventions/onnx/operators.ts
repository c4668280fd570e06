import type { OnnxAttribute, OnnxNode } from '../../formats/onnx/graph.js';

/**
 * Every operator of ONNX's own set up to version 17 (onnx 1.12, onnx.defs), those since withdrawn included. A name outside it in a file
 * of such a version is a mistake; newer versions may have any.
 */
const LAST_VERSION = 17;
const NAMES: ReadonlySet<string> = new Set(
  `
  Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization Bernoulli BitShift BlackmanWindow Cast
  CastLike Ceil Celu Clip Compress Concat ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DFT
  DepthToSpace DequantizeLinear Det Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather
  GatherElements GatherND Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample HammingWindow HannWindow
  HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log
  LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization
  MelWeightMatrix Min Mod Mul Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional OptionalGetElement
  OptionalHasElement Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RNN RandomNormal RandomNormalLike RandomUniform
  RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
  ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign Round STFT Scan Scatter ScatterElements ScatterND Selu SequenceAt
  SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice
  Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringNormalizer Sub Sum Tan Tanh
  TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor
  `
    .trim()
    .split(/\s+/),
);

/** Whether the operator set of this version has an operator of this name, as far as the list reaches. */
export function isOperator(name: string, version: number): boolean {
  // what ONNX Runtime writes without naming its domain
  return version > LAST_VERSION || NAMES.has(name) || name === 'SimplifiedLayerNormalization';
}

/** Attributes that came after set 17, with what they say of the older operator. */
const NEWER: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {
  AveragePool: { dilations: 1 },
  LpPool: { dilations: 1, ceil_mode: 0 },
  SpaceToDepth: { mode: 'DCR' },
  Resize: { antialias: 0, keep_aspect_ratio_policy: 'stretch', axes: 'all' },
  QuantizeLinear: { saturate: 1, block_size: 0, output_dtype: 0, precision: 0 },
  DequantizeLinear: { block_size: 0, output_dtype: 0 },
  Cast: { saturate: 1, round_mode: 'up' },
};

/** The node as set 17 has it. @returns what of it is newer, where that says more than the older operator does */
export function inOlderSet(node: OnnxNode): OnnxNode | { readonly newer: string } {
  const { opType, attributes } = node;
  const same = NEWER[opType] ?? {};
  const isSame = (key: string, attribute: OnnxAttribute) =>
    'value' in attribute && [attribute.value].flat().every(value => String(value) === String(same[key]));
  const newer = [...attributes].find(([key, attribute]) => Object.hasOwn(same, key) && !isSame(key, attribute))?.[0];
  if (newer) return { newer: `${opType} with ${newer}` };
  if (/^Scatter/.test(opType) && ['min', 'max'].some(word => isReduction(attributes, word)))
    return { newer: `${opType} of the least or largest` };
  return { ...node, attributes: new Map([...attributes].filter(([key]) => !Object.hasOwn(same, key))) };
}

function isReduction(attributes: OnnxNode['attributes'], word: string): boolean {
  const reduction = attributes.get('reduction');
  return reduction?.type === 'string' && reduction.value === word;
}
