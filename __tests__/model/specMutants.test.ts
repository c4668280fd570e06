import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { RnnError } from '../../src/errors.js';
import { layerKinds } from '../../src/layers/index.js';
import { checkSpec } from '../../src/model/check.js';

/**
 * The published schema accepts what the program accepts, and nothing else: specs with one thing changed, both asked. More of them:
 * SPEC_MUTANTS=20000 npx jest specMutants
 */
const MUTANTS = Number(process.env.SPEC_MUTANTS ?? 1500);
const validate = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'schemas', 'spec.schema.json'), 'utf8')),
);

/** What no schema can say: which names there are, and what depends on several numbers at once. */
const BEYOND = new Set(['E_SPEC_WIRING', 'E_SPEC_NAME']);

type Json = Record<string, unknown>;
const REQUIRED: Json = {
  op: 'Relu',
  layer: { kind: 'flatten' },
  shape: [3, 7],
  dims: [2, 1],
  equation: 'abc,cd->abd',
  cells: [{ kind: 'rnn', units: 2 }],
  forward: { kind: 'rnn', units: 2 },
  backward: { kind: 'rnn', units: 2 },
  axes: [1, 1],
  activation: 'relu',
};
const BASES: Json[] = layerKinds().map(({ name, fields, joins }) => {
  const required = Object.entries(fields).flatMap(([key, f]) => (f.default === undefined ? [[key, REQUIRED[key] ?? 7] as const] : []));
  return {
    input: { timesteps: 4, features: 3 },
    layers: [{ kind: name, ...Object.fromEntries(required), inputs: joins ? ['input', 'input'] : ['input'] }],
  };
});
BASES.push({
  inputs: [
    { name: 'x', features: 3 },
    { name: 'h0', shape: [5] },
  ],
  layers: [{ kind: 'gru', units: 5, inputs: ['x'], states: ['h0'] }],
  outputs: [{ name: 's', value: 'gru_1' }],
});

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  2,
  2.5,
  7,
  2 ** 31,
  1e300,
  '',
  'x',
  'relu',
  'tanh',
  'input',
  'same',
  'valid',
  'keras',
  'flax',
  'concat',
  [],
  [1],
  [0],
  [null],
  ['input'],
  ['input', 'input'],
  [2, 1],
  {},
  { kind: 'rnn', units: 2 },
  { name: 'relu' },
  { name: 'leaky_relu', negative_slope: 0.1 },
];
const TOP = ['$schema', 'schema', 'name', 'functional', 'framework', 'input', 'inputs', 'layers', 'output', 'outputs', 'zz'];
const INPUT = ['name', 'batch', 'timesteps', 'features', 'shape', 'zz'];
const CALL = ['kind', 'name', 'inputs', 'trainable', 'states', 'mask', 'shares', 'tensors', 'zz'];

/** Repeats: the same numbers in every run. */
function random(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function mutant(index: number): Json {
  const pick = random(index * 2654435761);
  for (let k = 0; k < 3; k++) pick(2);
  const spec = structuredClone(BASES[pick(BASES.length)]);
  const layers = spec.layers as Json[];
  const kind = layerKinds().find(({ name }) => name === layers[0].kind)!;
  const targets: readonly (readonly [Json, readonly string[]])[] = [
    [layers[0], [...CALL, ...Object.keys(kind.fields), ...Object.keys(kind.fields)]],
    [layers[0], Object.keys(kind.fields)],
    [spec, TOP],
    ...(spec.input ? [[spec.input as Json, INPUT] as const] : []),
  ];
  const [object, keys] = targets[pick(targets.length)];
  if (keys.length === 0) return spec;
  const key = keys[pick(keys.length)];
  if (pick(8) === 0) delete object[key];
  else object[key] = structuredClone(VALUES[pick(VALUES.length)]);
  return spec;
}

it(`${MUTANTS} specs with one change: schema and program agree`, () => {
  const apart = new Map<string, string>();
  let right = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const spec = mutant(i);
    let refusal: RnnError | undefined;
    try {
      checkSpec(structuredClone(spec));
    } catch (error) {
      if (!(error instanceof RnnError)) throw error;
      refusal = error;
    }
    if (refusal && BEYOND.has(refusal.code)) continue;
    const valid = validate(spec) as boolean;
    if (valid && !refusal) right++;
    if (valid === !refusal) continue;
    const kind = (spec.layers as Json[] | undefined)?.[0]?.kind ?? '';
    apart.set(
      `${valid ? 'schema only' : 'program only'} ${kind} ${refusal?.where ?? validate.errors?.map(e => e.instancePath).slice(-1)}: ${refusal?.code ?? ''}`,
      JSON.stringify(spec),
    );
  }
  expect([...apart].map(([what, spec]) => `${what}: ${spec}`)).toEqual([]);
  expect(right).toBeGreaterThan(MUTANTS / 20);
});
