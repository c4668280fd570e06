import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { activations } from '../../src/activations/index.js';
import { toOnnxModel } from '../../src/conventions/onnx/write.js';
import { checkNodes } from '../../src/engines/graph/checkNodes.js';
import { layersOfGraph } from '../../src/engines/graph/layersOf.js';
import { writeOnnx } from '../../src/formats/index.js';
import type { OnnxAttribute, OnnxModel, OnnxNode } from '../../src/formats/onnx/graph.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { drawWeights } from '../../src/weights/init.js';
import { REFERENCE, referenceBytes } from '../formats/reference.js';
import { approve, type Case } from '../helpers/approved.js';
import { randomNetwork } from '../helpers/randomNetworks.js';
import { readTensors } from '../helpers/readFormat.js';

/** Graphs of the exporters with one attribute, one input or one node of them bent; and graphs that are written here, read again. */
const files = [...list('onnx'), ...list('models/torch')];
const graphs = new Map<string, OnnxModel>();

function list(folder: string): string[] {
  return readdirSync(join(REFERENCE, folder))
    .filter(name => name.endsWith('.onnx'))
    .sort()
    .map(name => `${folder}/${name}`);
}

async function graphOf(bytes: Uint8Array): Promise<OnnxModel> {
  return (await readTensors(bytes, { nameHint: 'a.onnx' })).architecture as unknown as OnnxModel;
}

beforeAll(async () => {
  for (const file of files) graphs.set(file, await graphOf(referenceBytes(...file.split('/'))));
});

const OTHERS: readonly OnnxAttribute[] = [
  { type: 'int', value: 1n },
  { type: 'string', value: 'zzz' },
  { type: 'floats', value: [0.5, 2] },
  { type: 'strings', value: ['Relu', 'Affine', 'Tanh'] },
];

function bentNode(node: OnnxNode): [string, OnnxNode][] {
  const attributes = [...node.attributes.keys()].flatMap((name): [string, OnnxNode][] => [
    [`without ${name}`, { ...node, attributes: new Map([...node.attributes].filter(([key]) => key !== name)) }],
    ...OTHERS.map((value, i): [string, OnnxNode] => [
      `${name} ${i}`,
      { ...node, attributes: new Map([...node.attributes, [name, value]]) },
    ]),
  ]);
  const inputs = node.inputs.map((name, i): [string, OnnxNode] => [
    `without input ${i + 1}${name === '' ? ', which is none' : ''}`,
    { ...node, inputs: node.inputs.map((input, k) => (k === i ? '' : input)) },
  ]);
  return [
    ...attributes,
    ...inputs,
    ['with a further attribute', { ...node, attributes: new Map([...node.attributes, ['clip', OTHERS[2]]]) }],
    ['with other functions', { ...node, attributes: new Map([...node.attributes, ['activations', OTHERS[3]]]) }],
    ['turned', { ...node, attributes: new Map([...node.attributes, ['direction', { type: 'string', value: 'reverse' }]]) }],
    ['with one input', { ...node, inputs: node.inputs.slice(0, 1) }],
    ['another operator', { ...node, opType: 'Relu' }],
  ];
}

function read(model: OnnxModel): unknown {
  checkNodes(model);
  return layersOfGraph(model);
}

function casesOf(model: OnnxModel): Case[] {
  const { graph } = model;
  const bent = graph.nodes.flatMap((node, at) =>
    bentNode(node).map(
      ([label, other]): Case => [
        `${at + 1} ${label}`,
        () => read({ ...model, graph: { ...graph, nodes: graph.nodes.map((n, i) => (i === at ? other : n)) } }),
      ],
    ),
  );
  return [['as it is', () => read(model)], ...bent];
}

const written = (): Case[] =>
  (['keras', 'torch', 'onnx'] as const).flatMap(framework =>
    Array.from({ length: 40 }, (_, seed): Case => {
      const { model, shapes, weights } = randomNetwork(seed, framework);
      return [
        `${framework} ${seed}`,
        async () => {
          const graph = toOnnxModel(model, shapes, weights);
          return [graph, read(await graphOf(await writeOnnx(graph)))];
        },
      ];
    }),
  );

/** Every layer kind and every function, as a layer of its own, of a Dense and of a recurrent layer; two directions, merges, branches. */
const LSTM = { kind: 'lstm', units: 3 };
const KINDS: readonly (readonly [string, object[]])[] = [
  ['repeat', [LSTM, { kind: 'repeat', times: 4 }, { kind: 'gru', units: 2, returnSequences: true }]],
  ['masking', [{ kind: 'masking', value: 0 }, LSTM]],
  ['dropout', [{ kind: 'dropout', rate: 0.5 }, LSTM, { kind: 'dropout', rate: 0.1 }]],
  ['flatten', [{ ...LSTM, returnSequences: true }, { kind: 'flatten' }, { kind: 'dense', units: 2 }]],
  ['embedding', [{ kind: 'embedding', tokens: 7, units: 3 }, LSTM]],
  ['embedding with mask', [{ kind: 'embedding', tokens: 7, units: 3, maskZero: true }, LSTM]],
  ['last', [{ ...LSTM, returnSequences: true }, { kind: 'last' }]],
  ['projection', [{ ...LSTM, projection: 2 }]],
  ['twoBiases', [{ ...LSTM, twoBiases: true, goBackwards: true }]],
  ['clip', [{ ...LSTM, clip: 2, peepholes: true, inputForget: true }]],
  ['stateful', [{ ...LSTM, stateful: true }]],
  ...['add', 'concatenate', 'multiply', 'average'].flatMap((kind): [string, object[]][] => [
    [
      kind,
      [
        { ...LSTM, name: 'a', inputs: ['input'] },
        { kind: 'rnn', units: 3, name: 'b', inputs: ['input'] },
        { kind, inputs: ['a', 'b'] },
      ],
    ],
    [
      `${kind} of three`,
      [
        { ...LSTM, name: 'a' },
        { kind: 'dense', units: 3, name: 'b' },
        { kind, inputs: ['a', 'b', 'a'] },
      ],
    ],
    [
      `${kind} of one`,
      [
        { ...LSTM, name: 'a' },
        { kind, inputs: ['a'] },
      ],
    ],
  ]),
  ...['concat', 'sum', 'mul', 'ave'].flatMap((bidirectional): [string, object[]][] => [
    [
      bidirectional,
      [
        { ...LSTM, bidirectional },
        { kind: 'dense', units: 2 },
      ],
    ],
    [`${bidirectional} backwards`, [{ kind: 'gru', units: 2, bidirectional, goBackwards: true, returnSequences: true, resetAfter: false }]],
  ]),
];

const layers = (): Case[] =>
  [
    ...KINDS,
    ...[...activations.map(a => a.name), { name: 'leaky_relu', negative_slope: 0.3 }, { name: 'elu', alpha: 0.7 }].flatMap(
      (activation): [string, object[]][] => {
        const name = JSON.stringify(activation);
        return [
          [`${name} layer`, [LSTM, { kind: 'activation', activation }]],
          [`${name} dense`, [LSTM, { kind: 'dense', units: 2, activation }]],
          [`${name} rnn`, [{ kind: 'rnn', units: 2, activation }]],
          [`${name} lstm`, [{ ...LSTM, activation, recurrentActivation: 'hard_sigmoid', bidirectional: 'concat' }]],
          [`${name} gates`, [{ kind: 'gru', units: 2, recurrentActivation: activation }]],
        ];
      },
    ),
  ].map(
    ([name, all]): Case => [
      name,
      async () => {
        const model = checkSpec({ input: { timesteps: 5, features: 3 }, layers: all });
        const shapes = inferShapes(model);
        const weights = drawWeights(model, weightShapesByLayer(shapes), { seed: '3', init: 'torch', rng: 'seedrandom' });
        const graph = toOnnxModel(model, shapes, weights);
        return [graph, read(await graphOf(await writeOnnx(graph)))];
      },
    ],
  );

approve('onnx', [...files.map(file => [file, () => casesOf(graphs.get(file)!)] as const), ['written', written], ['layers', layers]]);
