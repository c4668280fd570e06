import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CONVENTIONS, detectConvention, getConvention } from '../../src/conventions/index.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { REFERENCE, referenceBytes } from '../formats/reference.js';
import { approve, type Case } from '../helpers/approved.js';
import { randomNetwork } from '../helpers/randomNetworks.js';
import { readTensors } from '../helpers/readFormat.js';

/** Weights of the frameworks' own files, one tensor of them lost, renamed, turned, cut or doubled: whose they are, which network, which weights. */
const hints = [
  { task: 'many-to-one', pool: 'last', timesteps: 7 },
  { task: 'many-to-many', pool: 'max', timesteps: null, activation: 'relu' },
] as const;

function network(tensors: ReadonlyMap<string, Tensor>, hint: 0 | 1) {
  const convention = detectConvention([...tensors.keys()]);
  const { input, layers } = convention.toSpec(tensors, hints[hint]);
  const model = checkSpec({ input: { timesteps: input.timesteps ?? 7, features: input.features ?? 3 }, layers }, convention.framework);
  return { convention: convention.name, input, layers, weights: convention.toWeights(inferShapes(model), tensors) };
}

/** The tensors under a network that was known before. */
function weightsFor(good: ReadonlyMap<string, Tensor>, tensors: ReadonlyMap<string, Tensor>) {
  const convention = detectConvention([...good.keys()]);
  const { input, layers } = convention.toSpec(good, hints[0]);
  const model = checkSpec({ input: { timesteps: 7, features: input.features ?? 3 }, layers }, convention.framework);
  return convention.toWeights(inferShapes(model), tensors);
}

type Bend = readonly [label: string, bend: (name: string, t: Tensor) => [string, Tensor][]];
const cut = (t: Tensor, shape: readonly number[]): Tensor => ({
  shape,
  data: t.data.slice(
    0,
    shape.reduce((a, b) => a * b, 1),
  ),
});
const BENDS: readonly Bend[] = [
  ['gone', () => []],
  ['renamed', (name, t) => [[`${name}_old`, t]]],
  ['of another layer', (name, t) => [[name.replace(/\d/, d => String(Number(d) + 1)), t]]],
  ['turned', (name, t) => [[name, { ...t, shape: [...t.shape].reverse() }]]],
  ['one row less', (name, t) => [[name, cut(t, [t.shape[0] - 1, ...t.shape.slice(1)])]]],
  ['one axis more', (name, t) => [[name, { ...t, shape: [1, ...t.shape] }]]],
  [
    'doubled',
    (name, t) => [
      [name, t],
      [`${name}.copy`, t],
    ],
  ],
];

function bent(tensors: ReadonlyMap<string, Tensor>): [string, ReadonlyMap<string, Tensor>][] {
  return [...tensors.keys()].flatMap((name, i) =>
    BENDS.map(([label, bend]): [string, ReadonlyMap<string, Tensor>] => [
      `${i + 1} ${label}`,
      new Map([...tensors].flatMap(([key, t]) => (key === name ? bend(key, t) : [[key, t] as [string, Tensor]]))),
    ]),
  );
}

const files = ['keras', 'torch'].flatMap(framework =>
  readdirSync(join(REFERENCE, 'models', framework))
    .filter(name => (framework === 'keras' ? /^(bi|dup|gru|lstm|functional_b).*\.(npz|h5)$/ : /\.safetensors$/).test(name))
    .map(name => `${framework}/${name}`)
    .sort(),
);
const contents = new Map<string, ReadonlyMap<string, Tensor>>();

beforeAll(async () => {
  for (const file of files) contents.set(file, (await readTensors(referenceBytes('models', file), { nameHint: file })).tensors);
});

/** Every name of a file written in another way. */
const WAYS: readonly (readonly [string, (names: readonly string[]) => readonly string[]])[] = [
  ['with :0', names => names.map(name => `${name}:0`)],
  ['below one more folder', names => names.map(name => `net/${name}`)],
  ['without their folder', names => names.map(name => name.replace(/^[^/.]*[/.]/, ''))],
  ['without any folder', names => names.map((name, i) => `${i}_${name.replace(/^.*[/.]/, '')}`)],
  ['numbered', names => names.map(name => name.replace(/(lstm|gru|rnn|dense)(?=[/_.])/g, '$1_7'))],
  ['capitals', names => names.map(name => name.toUpperCase())],
  ['with dots', names => names.map(name => name.replaceAll('/', '.'))],
  ['with slashes', names => names.map(name => name.replaceAll('.', '/'))],
  ['of a module', names => names.map(name => `module.${name}`)],
  ['of vars', names => names.map(name => name.replace(/[^/]*$/, last => `vars/${last}`))],
];
const OTHERS: readonly (readonly [string, [string, Tensor][]])[] = [
  ['and the optimizer', [['optimizer/vars/0', { shape: [], data: new Float32Array([3]) }]]],
  ['and an optimizer of its own', [['my_optimizer/kernel', { shape: [2], data: new Float32Array(2) }]]],
  ['and x', [['x', { shape: [1, 2], data: new Float32Array(2) }]]],
  ['and a step', [['step', { shape: [1], data: new Float64Array(1) }]]],
];

function otherwise(tensors: ReadonlyMap<string, Tensor>): [string, ReadonlyMap<string, Tensor>][] {
  const values = [...tensors.values()];
  return [
    ...WAYS.map(([label, rename]): [string, ReadonlyMap<string, Tensor>] => {
      const names = rename([...tensors.keys()]);
      return [label, new Map(values.map((t, i) => [names[i], t]))];
    }),
    ...OTHERS.map(([label, more]): [string, ReadonlyMap<string, Tensor>] => [label, new Map([...tensors, ...more])]),
    ['in reverse', new Map([...tensors].reverse())],
    ['by the alphabet', new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)))],
  ];
}

function casesOf(tensors: ReadonlyMap<string, Tensor>): Case[] {
  return [
    ['as it is', () => network(tensors, 0)],
    ['as it is, many to many', () => network(tensors, 1)],
    ...[...otherwise(tensors), ...bent(tensors)].flatMap(([label, other]): Case[] => [
      [label, () => network(other, 0)],
      [`${label}, network known`, () => weightsFor(tensors, other)],
    ]),
  ];
}

/** Random networks written in every convention, read again, and bent. */
function written(framework: 'keras' | 'torch'): Case[] {
  return Array.from({ length: 10 }, (_, seed) => seed).flatMap(seed => {
    const { shapes, weights } = randomNetwork(seed, framework);
    return [framework, 'rnn-cli'].map(getConvention).flatMap((convention): Case[] => {
      const name = `${seed} ${convention.name}`;
      const there = () => convention.fromWeights(shapes, weights);
      return [
        [name, there],
        [`${name} read`, () => network(there(), 0)],
        [`${name} without its last`, () => convention.toWeights(shapes, new Map([...there()].slice(0, -1)))],
        [`${name} of the next network`, () => convention.toWeights(randomNetwork(seed + 1, framework).shapes, there())],
        [`${name} told by names`, () => CONVENTIONS.map(c => c.detect([...there().keys()].slice(seed % 3)))],
      ];
    });
  });
}

approve('conventions', [
  ...files.map(file => [file, () => casesOf(contents.get(file)!)] as const),
  ['random networks, keras', () => written('keras')],
  ['random networks, torch', () => written('torch')],
]);
