import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import { showShape } from '../../src/layers/dims.js';
import { checkSpec } from '../../src/model/check.js';
import { layerCost, layerFormula } from '../../src/model/counts.js';
import { inferShapes, type LayerShapes } from '../../src/model/shapes.js';
import { IMAGES, SEQUENCES, VOLUMES } from '../helpers/everyKind.js';
import { testSections } from '../helpers/sectionTable.js';

/**
 * What each kind of layer says of itself: its shape, its weights, its work and the formulas beside them, with every size known and with the first one open;
 * and what it says of inputs that it cannot take. In whatKindsSay.txt (UPDATE_OUT=1 npx jest layers/whatKindsSay writes it anew, for a person to read).
 */
type Shape = readonly (number | null)[];
type Case = readonly [layer: object, ...inputs: Shape[]];

const op = (name: string, attributes: object = {}, ...operands: unknown[]) => ({
  kind: 'op',
  op: name,
  attributes,
  operands: [null, ...operands],
});
/** An operator of several inputs. */
const ops = (name: string, attributes: object = {}) => ({ kind: 'op', op: name, attributes });
const whole = (...value: unknown[]) => ({ type: 'int', value });

const DESCRIBED: readonly Case[] = [
  ...SEQUENCES.flatMap((layer): Case[] => [
    [layer, [11, 6]],
    [layer, [null, 6]],
  ]),
  ...IMAGES.map((layer): Case => [layer, [5, 7, 4]]),
  ...VOLUMES.map((layer): Case => [layer, [4, 5, 6, 2]]),
  [{ kind: 'separable2d', filters: 5, kernelSize: [2, 3], depthMultiplier: 3 }, [null, 7, 4]],
  [{ kind: 'attention', useScale: true, score: 'concat', scores: true }, [4, 3], [5, 3]],
  [{ kind: 'additiveattention', useScale: true }, [4, 3], [5, 3]],
  [{ kind: 'attention' }, [null, 3], [5, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5, valueUnits: 3 }, [4, 3], [6, 7]],
  [{ kind: 'multiheadattention', heads: 4, keyHeads: 2, units: 5, scores: true }, [4, 3], [6, 7]],
  [{ kind: 'dot', axes: [1, 2] }, [4, 3], [5, 4]],
  [{ kind: 'dot', axes: [2, 2], normalize: true }, [4, 3], [5, 3]],
  [{ kind: 'embedding', tokens: 9, units: 4 }, [6]],
  [{ kind: 'prelu' }, [4, 3]],
  [{ kind: 'repeat', times: 4 }, [3]],
  [{ kind: 'concatenate', axis: 1 }, [4, 3], [5, 3]],
  [{ kind: 'add' }, [4, 3], [1, 3]],
];

const REFUSED: readonly Case[] = [
  // axes that are not there, or too many
  [{ kind: 'conv1d', filters: 4, kernelSize: [2] }, [6]],
  [{ kind: 'conv2d', filters: 4, kernelSize: [2, 2] }, [11, 6]],
  [{ kind: 'maxpool' }, [6]],
  [{ kind: 'globalavgpool2d' }, [11, 6]],
  [{ kind: 'lstm', units: 3 }, [6]],
  [{ kind: 'gru', units: 3 }, [5, 7, 4]],
  [{ kind: 'stackedrnn', cells: [{ kind: 'rnn', units: 2 }] }, [6]],
  [{ kind: 'convlstm1d', filters: 3, kernelSize: [2] }, [5, 7]],
  [{ kind: 'convlstm2d', filters: 3, kernelSize: [2, 2] }, [5, 7, 4]],
  [{ kind: 'timedistributed', layer: { kind: 'dense', units: 2 } }, [6]],
  [{ kind: 'eachstep' }, [6]],
  [{ kind: 'last' }, [6]],
  [{ kind: 'repeat', times: 4 }, [5, 3]],
  [{ kind: 'batchnorm', axis: 5 }, [5, 3]],
  [{ kind: 'layernorm', axis: [3] }, [5, 3]],
  [{ kind: 'unitnorm', axis: [-4] }, [5, 3]],
  [{ kind: 'activation', activation: 'softmax', axis: [3] }, [5, 3]],
  // sizes that do not fit
  [{ kind: 'conv1d', filters: 4, kernelSize: [3] }, [2, 6]],
  [{ kind: 'conv1d', filters: 4, kernelSize: [2], dilation: [6] }, [6, 6]],
  [{ kind: 'conv1d', filters: 6, kernelSize: [2], groups: 4 }, [5, 6]],
  [{ kind: 'conv1d', filters: 5, kernelSize: [2], groups: 3 }, [5, 6]],
  [{ kind: 'groupnorm', groups: 4 }, [5, 6]],
  [{ kind: 'normalization', mean: [1, 2], variance: [1, 2] }, [5, 3]],
  [{ kind: 'maxpool1d', poolSize: [9] }, [5, 3]],
  [{ kind: 'crop1d', border: [3, 2] }, [5, 3]],
  [{ kind: 'centercrop', size: [9, 2] }, [5, 7, 4]],
  [{ kind: 'reshape', shape: [4, -1] }, [5, 3]],
  [{ kind: 'reshape', shape: [-1, -1] }, [5, 3]],
  [{ kind: 'reshape', shape: [16] }, [5, 3]],
  [{ kind: 'permute', dims: [1, 1] }, [5, 3]],
  [{ kind: 'permute', dims: [1] }, [5, 3]],
  [{ kind: 'multiheadattention', heads: 3, keyHeads: 2, units: 5 }, [4, 3], [4, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5, attentionAxes: [3] }, [4, 3], [4, 3]],
  // sizes that are not known
  [{ kind: 'dense', units: 2 }, [5, null]],
  [{ kind: 'lstm', units: 2 }, [5, null]],
  [{ kind: 'prelu' }, [null, 3]],
  [{ kind: 'layernorm', axis: [1] }, [null, 3]],
  [{ kind: 'batchnorm', axis: 1 }, [null, 3]],
  [{ kind: 'einsumdense', equation: 'abc,bcd->ad', outputShape: [5] }, [null, 3]],
  // branches that do not meet
  [{ kind: 'add' }, [4, 3], [5, 3]],
  [{ kind: 'add' }, [4, 3]],
  [{ kind: 'subtract' }, [4, 3], [4, 3], [4, 3]],
  [{ kind: 'concatenate' }, [4, 3], [5, 3]],
  [{ kind: 'concatenate', axis: 1 }, [4, 3], [5, 2]],
  [{ kind: 'dot', axes: [1, 1] }, [4, 3], [5, 3]],
  [{ kind: 'dot', axes: [1] }, [4, 3], [5, 4]],
  [{ kind: 'dot', axes: [3, 1] }, [4, 3], [5, 4]],
  [{ kind: 'subtract' }, [4, 3]],
  [{ kind: 'attention' }, [4, 3]],
  [{ kind: 'attention', attentionMask: true }, [4, 3], [5, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5 }, [4, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5, attentionMask: true }, [4, 3]],
  [{ kind: 'dot', axes: [1, 1] }, [4, 3]],
  [{ kind: 'allsteps' }, [4, 3]],
  [{ kind: 'dense', units: 2 }, [4, 3], [4, 3]],
  [{ kind: 'lstm', units: 2 }, [4, 3], [4, 3]],
  [{ kind: 'attention' }, [4, 3], [5, 2]],
  [{ kind: 'attention' }, [4, 3], [5, 3], [6, 3]],
  [{ kind: 'attention', attentionMask: true }, [4, 3], [5, 3], [3, 5]],
  [{ kind: 'attention', attentionMask: true }, [4, 3], [5, 3], [1, 5]],
  [{ kind: 'attention', attentionMask: true, causal: true }, [4, 3], [5, 3], [4, 5]],
  [{ kind: 'multiheadattention', heads: 2, units: 5 }, [4, 3], [5, 3], [6, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5 }, [2, 4, 3], [4, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5, attentionAxes: [2] }, [2, 4, 3], [3, 4, 3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5, causal: true, attentionAxes: [2] }, [2, 4, 3], [2, 4, 3]],
  [{ kind: 'attention' }, [2, 4, 3], [3, 5, 3]],
  [{ kind: 'attention', attentionMask: true }, [4, 3], [5, 3], [3]],
  [{ kind: 'multiheadattention', heads: 2, units: 5 }, [4, 3], [2, 4, 3]],
  [
    {
      kind: 'bidirectional',
      forward: { kind: 'lstm', units: 4 },
      backward: { kind: 'gru', units: 5, goBackwards: true },
      merge: 'sum',
    },
    [5, 3],
  ],
  // equations
  [{ kind: 'einsumdense', equation: 'abc', outputShape: [5] }, [4, 3]],
  [{ kind: 'einsumdense', equation: 7, outputShape: [5] }, [4, 3]],
  [{ kind: 'einsumdense', equation: 'abc,cd->abd', outputShape: 'all' }, [4, 3]],
  [{ kind: 'einsumdense', equation: 'abc,cd->abd', outputShape: [5, 5] }, [4, 3]],
  [{ kind: 'einsumdense', equation: 'ab,bc->ac', outputShape: [5] }, [4, 3]],
  [{ kind: 'einsumdense', equation: 'abc,cd->abd', outputShape: [5] }, [4, 3]],
  [{ kind: 'einsumdense', equation: 'abc,cd->abd', outputShape: [null, 5], biasAxes: 'e' }, [4, 3]],
  // operators
  [op('NoSuch'), [4, 3]],
  [op('NonZero'), [4, 3]],
  [op('Slice', {}, whole(1, 0), whole(2)), [4, 3]],
  [op('Reshape', {}, whole(2, 7)), [4, 3]],
  [op('Transpose', { perm: [0, 1] }), [4, 3]],
  [op('Transpose', { perm: [0, 1, 1] }), [4, 3]],
  [op('Unsqueeze', {}, whole(1, 1)), [4, 3]],
  [op('Unsqueeze', {}, whole(9)), [4, 3]],
  [op('Squeeze', {}, whole(1)), [4, 3]],
  [op('ReduceSum', {}, whole(5)), [4, 3]],
  [op('Softmax', { axis: 4 }), [4, 3]],
  [op('Concat', { axis: 1 }), [4, 3]],
  [op('Gather', { axis: 4 }, whole(0)), [4, 3]],
  [op('TopK', { axis: 5 }, whole(1)), [4, 3]],
  [op('Expand', {}, whole(2, 2, 3)), [4, 3]],
  [op('Tile', {}, whole(2, 2)), [4, 3]],
  [op('Flatten', { axis: 5 }), [4, 3]],
  [op('Einsum', { equation: 'ntd' }), [4, 3]],
  [op('Einsum', { equation: 'ntd,kd->' }), [4, 3]],
  [op('Conv', {}, [[[1, 2]]]), [4, 3]],
  [op('Conv', {}, [[1, 2]]), [4, 3]],
  [op('MaxPool', { kernel_shape: [2, 2] }), [4, 3]],
  [op('MaxPool', {}), [4, 3]],
  [op('DepthToSpace', { blocksize: 2 }), [4, 3]],
  [op('Resize', {}), [4, 3]],
  [op('Split', { axis: 1, num_outputs: 3 }), [4, 3]],
  [op('Pad', {}, whole(0, 1)), [4, 3]],
  [ops('MatMul'), [4, 3], [4, 3]],
  [ops('MatMul'), [4, 3]],
  [ops('Gemm'), [4, 3], [3, 2]],
  [ops('Add'), [4, 3], [5, 3]],
  [ops('Where'), [4, 3], [4, 3]],
  [ops('GatherND'), [4, 3], [4, null]],
  [ops('Concat', { axis: 2 }), [4, 3], [5, 3]],
];

const sizes = (shape: Shape) => shape.map(n => n ?? '?').join('×');
const title = ([layer, ...inputs]: Case) => `${JSON.stringify(layer)} of ${inputs.map(sizes).join(', ')}`;

/** Knows letters and numbers, nothing of networks. */
function evaluated(formula: string, letters: ReadonlyMap<string, number | null>): bigint | undefined {
  const numbers = formula.replace(/[A-Z]\w*/g, letter => String(letters.get(letter) ?? '?'));
  return numbers.includes('?') ? undefined : new Function(`return ${numbers.replace(/\d+/g, digits => `${digits}n`)}`)();
}

function described(shapes: LayerShapes): string[] {
  const { inputs, output, others, weights } = shapes;
  const { matmul, bias, elementwise, activations, formula } = layerCost(shapes);
  const letters = new Map([...inputs, output].flat().map(({ symbol, size }) => [symbol, size]));
  if (matmul !== null && formula !== '') expect([formula, evaluated(formula, letters)]).toEqual([formula, matmul]);
  const count = layerFormula(shapes);
  return [
    `  ${inputs.map(showShape).join(', ')} → ${[output, ...others.map(({ shape }) => shape)].map(showShape).join(', ')}`,
    ...weights.map(w => `  ${w.name} ${w.shape.join('×')} (${w.dims.join('×')}), ${w.role}${w.frozen ? ', not trained' : ''}`),
    ...(count === null ? [] : [`  parameters ${count}`]),
    `  products ${matmul}${formula === '' ? '' : ` = ${formula}`}, biases ${bias}, elementwise ${elementwise}, activations ${activations}`,
  ];
}

function answer([layer, ...inputs]: Case): string[] {
  try {
    const named = inputs.map((shape, i) => ({ name: `x${i + 1}`, shape }));
    const model = checkSpec({ inputs: named, layers: [{ ...layer, name: 'it', inputs: named.map(({ name }) => name) }], output: 'it' });
    return described(inferShapes(model).layers[0]);
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    const { code, where, message, expected, found, fix } = error;
    const beside = Object.entries({ expected, found, fix }).flatMap(([name, text]) => (text ? [`  ${name} ${text}`] : []));
    return [`  ${code} ${where}: ${message}`, ...beside];
  }
}

const cases = new Map([...DESCRIBED, ...REFUSED].map(one => [title(one), one]));
testSections(join(__dirname, 'whatKindsSay.txt'), [...cases.keys()], name => answer(cases.get(name)!));
