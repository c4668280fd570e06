import { checkSpec } from '../../src/model/check.js';
import {
  countsByFramework,
  layerCost,
  layerFormula,
  parameterCount,
  stateSize,
  totalParameters,
  trainingSize,
} from '../../src/model/counts.js';
import { dimensionLayers } from '../../src/model/dimensions.js';
import type { FrameworkName } from '../../src/model/frameworks.js';
import { parseLayers } from '../../src/model/parse.js';
import { inferSequences } from '../../src/model/sequences.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { approve, bentJson, type Case } from '../helpers/approved.js';
import { randomNetwork } from '../helpers/randomNetworks.js';

const FRAMEWORKS: readonly FrameworkName[] = ['keras', 'torch', 'onnx', 'tfjs'];

/** Everything that is known of a network before any number is computed. */
function known(spec: unknown, framework: FrameworkName = 'keras') {
  const model = checkSpec(spec, framework);
  const shapes = inferShapes(model);
  return {
    model,
    shapes,
    byLayer: weightShapesByLayer(shapes),
    total: totalParameters(shapes),
    byFramework: countsByFramework(model),
    layers: shapes.layers.map(l => [parameterCount(l), layerCost(l), layerFormula(l), stateSize(l), trainingSize(l)]),
  };
}

const specs: [string, unknown][] = [
  ['everything', {
    name: 'all', framework: 'keras', input: { name: 'x', batch: 4, timesteps: 6, features: 3 },
    layers: [
      { kind: 'masking', value: 0, name: 'mask' },
      { kind: 'lstm', units: 4, bidirectional: 'concat', returnSequences: true, activation: 'tanh', recurrentActivation: 'sigmoid', useBias: true, stateful: true },
      { kind: 'gru', units: 5, resetAfter: true, goBackwards: true, returnSequences: true, name: 'middle' },
      { kind: 'dropout', rate: 0.5 },
      { kind: 'rnn', units: 3, returnSequences: true, activation: { name: 'leaky_relu', slope: 0.2 } },
      { kind: 'maxpool' },
      { kind: 'dense', units: 2, activation: 'softmax', useBias: false },
    ],
    output: 'dense_1',
  }],
  ['embedded', { input: { timesteps: 5 }, layers: [
    { kind: 'embedding', tokens: 11, units: 4, maskZero: true }, { kind: 'lstm', units: 3, projection: 2, peepholes: true, clip: 1, inputForget: true },
    { kind: 'repeat', times: 3 }, { kind: 'gru', units: 2, returnSequences: true }, { kind: 'flatten' }, { kind: 'dense', units: 4 } ] }],
  ['branches', { functional: true, input: { name: 'in', timesteps: 5, features: 2 }, layers: [
    { kind: 'rnn', units: 3, name: 'a', inputs: ['in'] }, { kind: 'rnn', units: 3, name: 'b', inputs: ['in'], goBackwards: true },
    { kind: 'add', name: 'sum', inputs: ['a', 'b'] }, { kind: 'concat', name: 'both', inputs: ['sum', 'a'] },
    { kind: 'dense', units: 2, name: 'out', inputs: ['both'] }, { kind: 'activation', activation: 'relu', name: 'end' } ], output: 'end' }],
]; // biome-ignore format: one network a line

const LINES = [
  'lstm:4+seq,gru:3,dense:2',
  'bilstm:4@tanh+seq+sum+name=enc,maxpool,dense:3@softmax',
  'embedding:9x4,masking:0,dropout:0.5,rnn:3+nobias+x2,repeat:2,flatten',
];
const WORDS = [
  '',
  ':',
  ':0',
  ':-1',
  ':x',
  ':1.5',
  ':99999999999',
  '+',
  '+seq',
  '+last',
  '+nope',
  '+proj=2',
  '+proj=x',
  '@',
  '@nope',
  ':2:3',
  '+seq+last',
  '+name=',
  '+x0',
  ' ',
  'é',
];

/** Every layer of a line with another ending, and without one of its characters. */
function bentLines(line: string): Case[] {
  const layers = line.split(',');
  const other = layers.flatMap((_, i) => WORDS.map(word => layers.map((l, k) => (k === i ? l.replace(/[:@+].*$/, '') + word : l)).join()));
  const shorter = [...line].map((_, i) => line.slice(0, i) + line.slice(i + 1));
  return [...new Set([line, ...other, ...shorter])].map((text): Case => [text, () => {
    const { layers: parsed } = parseLayers(text);
    return [parsed, known({ input: { timesteps: 6, features: 3 }, layers: inferSequences(parsed, false) })];
  }]); // biome-ignore format: short
}

const strict = (): Case[] =>
  ['lstm:4,gru:3', 'rnn:2+seq,dense:2', 'gru:3,maxpool', 'lstm:4,flatten', 'rnn:2,dropout:0.1,gru:2', 'rnn:3,last', 'rnn:2,repeat:3,rnn:4', 'rnn:2+last,gru:3', 'dense:3,rnn:2'].flatMap(
    (line): Case[] => [true, false].map(how => [`${line} ${how ? 'strict' : 'inferred'}`, () => {
      const layers = inferSequences(parseLayers(line).layers, how);
      return [layers, known({ input: { timesteps: 6, features: 3 }, layers })];
    }]),
  ); // biome-ignore format: short

const dimensions = (): Case[] =>
  ['rnn', 'lstm', 'gru'].flatMap(cell =>
    ['many-to-one', 'many-to-many'].flatMap(task =>
      ['last', 'max', 'mean'].flatMap(pool =>
        [true, false].map((bidirectional): Case => [`${cell} ${task} ${pool} ${bidirectional}`, () => {
          const layers = [{ M: [4], K: 2 }, { M: [3, 5], K: 0 }].map(s => dimensionLayers({ cell, task, pool, bidirectional, ...s } as never));
          return layers.map(l => [l, known({ input: { timesteps: 6, features: 3 }, layers: inferSequences(l, false) })]);
        }]),
      ),
    ),
  ); // biome-ignore format: short

const random = (): Case[] =>
  (['keras', 'torch', 'onnx'] as const).flatMap(framework =>
    Array.from({ length: 60 }, (_, seed): Case => [`${framework} ${seed}`, () => known(randomNetwork(seed, framework).model, framework)]),
  );

const bentSpec = (spec: unknown): Case[] => [
  ['as it is', () => known(spec)],
  ...bentJson(spec, [null, -1, 0, 2, 'zzz', 1.5, true, [], {}]).map(([label, bent]): Case => [label, () => known(bent)]),
];

/** What no bent spec comes to. */
const SINGLE_LINES = [' rnn:3 , dense:2 ', 'lstm:14+proj=12', 'rnn:2+x12', 'rnn:2+x3x', 'lstm:4+xproj=2', 'masking:-1e5', 'masking:1e+10,rnn:2', 'masking:.5,gru:3', 'masking:1ex,rnn:2']
  .concat(['dense:2+seq', 'dense:3+last', 'dropout:0.5+seq', 'flatten+seq', 'rnn:2,last+x2', 'gru:2+resetbefore+resetafter', 'rnn:2+resetbefore', 'birnn:2+concat+sum'])
  .concat([`rnn:${'9'.repeat(60)}`, `rnn:2+name=${'a'.repeat(300)}`, 'rnn:2147483648', 'rnn:2147483647', 'last:2', 'maxpool:3', 'embedding:5', 'embedding:5x', 'embedding:2x3x4', 'activation@relu', 'dense:2+x2+name=a']); // biome-ignore format: a list
const wide = { timesteps: 5, features: 3 };
const branches = (a: object, b: object, kind: string) => ({
  input: wide,
  layers: [
    { name: 'a', ...a },
    { name: 'b', inputs: ['input'], ...b },
    { kind, inputs: ['a', 'b'] },
  ],
});
const SEQUENCE = { kind: 'rnn', units: 3, returnSequences: true };
const SINGLE_SPECS: readonly unknown[] = [
  ...['add', 'concatenate', 'multiply', 'average'].flatMap(kind => [
    branches(SEQUENCE, SEQUENCE, kind), branches(SEQUENCE, { kind: 'rnn', units: 3 }, kind), branches(SEQUENCE, { kind: 'rnn', units: 4, returnSequences: true }, kind),
    branches({ kind: 'rnn', units: 3 }, { kind: 'dense', units: 3 }, kind), branches({ kind: 'lstm', units: 2 }, { kind: 'gru', units: 2 }, kind),
    { input: { features: 3 }, layers: [{ ...SEQUENCE, name: 'a' }, { kind, inputs: ['a', 'a'] }] }, { input: wide, layers: [{ ...SEQUENCE, name: 'a' }, { kind, inputs: ['a'] }] },
  ]),
  { input: wide, layers: [{ kind: 'embedding', tokens: 4, units: 2 }, { kind: 'embedding', tokens: 4, units: 2 }] },
  { input: wide, layers: [{ kind: 'dense', units: 2 }, { kind: 'embedding', tokens: 4, units: 2 }] },
  { input: {}, layers: [{ kind: 'embedding', tokens: 4, units: 2 }, { kind: 'flatten' }] },
  { input: { features: 3 }, layers: [{ kind: 'rnn', units: 2, returnSequences: true, bidirectional: 'concat' }, { kind: 'flatten' }, { kind: 'dense', units: 2 }] },
  { input: wide, layers: [{ kind: 'rnn', units: 2 }, { kind: 'rnn', units: 2 }] }, { input: wide, layers: [{ kind: 'rnn', units: 2 }, { kind: 'maxpool' }] },
  { input: wide, layers: [{ kind: 'flatten' }, { kind: 'lstm', units: 2 }] }, { input: wide, layers: [{ kind: 'rnn', units: 2 }, { kind: 'activation', activation: 'softmax' }] },
  { input: wide, layers: [{ ...SEQUENCE, name: '' }] }, { input: wide, layers: [{ ...SEQUENCE, name: 'a'.repeat(129) }] }, { input: wide, layers: [{ ...SEQUENCE, name: 'input' }] },
  { input: wide, layers: [{ ...SEQUENCE, name: 'rnn_2' }, { kind: 'rnn', units: 2 }] }, { input: wide, layers: [{ ...SEQUENCE, units: 2 ** 31 }] }, { input: wide, layers: [{ ...SEQUENCE, units: 2 ** 53 }] },
  { input: wide, layers: [{ kind: 'dropout', rate: 1 }] }, { input: wide, layers: [{ kind: 'dropout', rate: 1.01 }] }, { input: wide, layers: [{ kind: 'dropout', rate: -0.1 }] },
  { input: wide, layers: [{ ...SEQUENCE, useBias: 'yes' }] }, { input: wide, layers: [{ ...SEQUENCE, bidirectional: 'max' }] }, { input: wide, layers: [{ ...SEQUENCE, activation: 7 }] },
  { input: wide, layers: [{ ...SEQUENCE, activation: null }] }, { input: wide, layers: [{ ...SEQUENCE, activation: { name: 'elu', slope: 2 } }] }, 7, null, [], 'x',
]; // biome-ignore format: one network a line

const single = (): Case[] => [
  ...SINGLE_LINES.map((text): Case => [text.slice(0, 40), () => {
    const { layers } = parseLayers(text);
    return [layers, known({ input: wide, layers: inferSequences(layers, false) })];
  }]),
  ...SINGLE_SPECS.flatMap((spec, i) => FRAMEWORKS.map((framework): Case => [`spec ${i + 1} ${framework}`, () => known(spec, framework)])),
  ...FRAMEWORKS.flatMap(framework => ['rnn:3', 'lstm:4', 'gru:5', 'bilstm:2+seq,gru:3'].map((text): Case => [`${text} ${framework}`, () =>
    known({ input: wide, layers: inferSequences(parseLayers(text).layers, false) }, framework)])),
]; // biome-ignore format: short

approve('specs', [
  ['single', single],
  ...specs.map(([name, spec]) => [name, () => bentSpec(spec)] as const),
  ...LINES.map(line => [line, () => bentLines(line)] as const),
  ['strict', strict],
  ['dimensions', dimensions],
  ['random networks', random],
]);
