import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { toOnnxModel } from '../../src/conventions/onnx/write.js';
import { batched } from '../../src/engines/batched/engine.js';
import { manual } from '../../src/engines/manual.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import { getFormat } from '../../src/formats/index.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { getLayerKind } from '../../src/layers/index.js';
import { checkSpec } from '../../src/model/check.js';
import { totalParameters } from '../../src/model/counts.js';
import { samplesAreIndependent } from '../../src/model/samples.js';
import { inferShapes } from '../../src/model/shapes.js';
import type { GraphValue } from '../../src/ops/value.js';
import { sizeOf, type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectNear } from '../helpers/expectClose.js';
import { readWhole } from '../helpers/readFormat.js';

/**
 * Networks of one line each as Keras writes them, with its shape, count and y (scripts/live/layers.py): every layer and operator with options that are
 * not the usual ones, masks and open sizes among them. Both engines give that y, and so does the graph that is written to ONNX, node by node.
 */
interface Case {
  readonly line: string;
  readonly model: unknown;
  /** shape, whether it is a variance, type */
  readonly weights: readonly (readonly [shape: readonly number[], variance: boolean, dtype: string])[];
  readonly inputs: readonly string[];
  readonly output: readonly (number | null)[];
  readonly count: number;
  readonly shape: readonly number[];
  readonly y: readonly (number | string)[];
}
interface Recorded {
  /** names of the arguments of each operator's call */
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly inputs: Readonly<Record<string, { shape: readonly number[]; data: readonly number[] }>>;
  readonly cases: readonly Case[];
}
const { parameters, inputs, cases }: Recorded = JSON.parse(readFileSync(join(__dirname, '..', 'reference', 'kerasLayers.json'), 'utf8'));
const OPTIONS = { dtype: 'f32', threads: 1, trace: false } as const;

/** The numbers that the script gave every weight. */
function weightOf(k: number, [shape, variance]: Case['weights'][number]): Tensor {
  const value = (i: number) => (((i + 3 * k) * 7) % 11) / 8 - 0.625;
  return tensor(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => (variance ? Math.abs(value(i)) + 0.5 : value(i))),
  );
}

function load(c: Case) {
  const model = checkSpec(specFromKerasConfig(c.model), 'keras');
  const shapes = inferShapes(model);
  const weights = keras.toWeights(shapes, new Map(c.weights.map((w, k) => [`arr_${k}`, weightOf(k, w)])));
  const given = c.inputs.map((name): readonly [string, Tensor] => [name, tensor(inputs[name].shape, Float32Array.from(inputs[name].data))]);
  return { model, shapes, weights, given };
}

function expectKeras(y: Tensor, c: Case): void {
  expect(y.shape).toEqual(c.shape);
  const expected = c.y.map(Number);
  const scale = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
  expectNear(y.data, expected, 4e-6 * scale);
}

describe('as in Keras', () => {
  it.each(cases.map(c => [c.line, c] as const))('%s', async (_, c) => {
    const { model, shapes, weights, given } = load(c);
    // open sizes are as Keras says; the others as they come out, for its symbolic call of two layers says others than it computes
    expect(shapes.output.map(d => d.size)).toEqual(c.output.map((n, i) => (n === null ? null : c.shape[i])));
    expect(Number(totalParameters(shapes))).toBe(c.count);
    const [[, x], ...others] = given;
    // operators are the same functions in both engines
    for (const engine of c.line.startsWith('L.') ? [batched, manual] : [batched]) {
      const input = { x, ...(others.length > 0 ? { others: new Map(others) } : {}) };
      expectKeras((await engine.run(model, weights, input, { ...OPTIONS, dtype: engine.defaultDtype })).y, c);
    }
  });
});

describe('the same from the graph that is written to ONNX', () => {
  it.each(cases.filter(c => /Hashing/.test(c.line)))('no graph can hold $line', c => {
    const { model, shapes, weights } = load(c);
    expect(() => toOnnxModel(model, shapes, weights)).toThrow('an ONNX graph cannot hold hashing over 2 axes');
  });

  it.each(cases.filter(c => !/Hashing/.test(c.line)).map(c => [c.line, c] as const))('%s', async (_, c) => {
    const { model, shapes, weights, given } = load(c);
    const file = await readWhole(getFormat('onnx'), await writeOnnx(toOnnxModel(model, shapes, weights)), DEFAULT_LIMITS);
    const graph = file.architecture as OnnxModel;
    const values = graph.graph.inputs.map(({ name }, i): [string, GraphValue] => {
      const [own, t] = given[i];
      return [name, { ...t, kind: own === 't' ? 'int' : 'float' }];
    });
    const [y] = (await batched.runGraph({ model: graph, bytes: null }, new Map(values), OPTIONS)).values();
    expectKeras(y, c);
  });
});

describe('each sample alone gives what it gives among others, where the network says so', () => {
  const together: string[] = [];
  // layers are always apart: operators alone may read along the samples
  it.each(cases.filter(c => !/^L\.(?!Mel)/.test(c.line)).map(c => [c.line, c] as const))('%s', async (_, c) => {
    const { model, shapes, weights, given } = load(c);
    if (!samplesAreIndependent(model, shapes)) {
      together.push(c.line);
      return;
    }
    expect(c.shape[0]).toBe(2);
    const size = sizeOf(c.shape) / 2;
    for (const n of [0, 1]) {
      const alone = given.map(([name, t]): [string, Tensor] => [name, tensor([1, ...t.shape.slice(1)], sliceOf(t, n))]);
      const [[, x], ...others] = alone;
      const input = { x, ...(others.length > 0 ? { others: new Map(others) } : {}) };
      const { y } = await batched.run(model, weights, input, OPTIONS);
      expect(y.shape).toEqual([1, ...c.shape.slice(1)]);
      expectKeras(y, { ...c, shape: y.shape, y: c.y.slice(n * size, (n + 1) * size) });
    }
  });

  // slices of the samples, a first axis of quantiles and rows below each other do not; of the others nobody has shown it, and they are computed whole
  it('which is all but these', () => {
    expect(together.map(line => line.replace(/\(.*/, ''))).toEqual([
      'L.MelSpectrogram',
      'O.slice',
      'O.quantile',
      'O.bincount',
      'O.image.extract_patches',
      'O.image.pad_images',
      'O.vstack',
    ]);
  });
});

const sliceOf = ({ shape, data }: Tensor, n: number) => data.subarray((n * sizeOf(shape)) / shape[0], ((n + 1) * sizeOf(shape)) / shape[0]);

describe('operators that were called with keywords are the same', () => {
  interface Node {
    readonly args: readonly unknown[];
    readonly kwargs: Record<string, unknown>;
  }
  interface Layer {
    readonly module: string;
    readonly class_name: string;
    readonly inbound_nodes: readonly Node[];
  }
  /** Every argument by the name that the operator's call has for it. */
  const byKeyword = (layer: Layer): Layer => {
    const names = parameters[layer.class_name];
    if (!names || !/\.ops\b/.test(layer.module)) return layer;
    const turned = ({ args, kwargs }: Node) => ({
      args: [],
      kwargs: { ...Object.fromEntries(args.map((v, i) => [names[i], v])), ...kwargs },
    });
    return { ...layer, inbound_nodes: layer.inbound_nodes.map(turned) };
  };

  it.each(cases.filter(c => !/^L\.|^O\.einsum/.test(c.line)).map(c => [c.line, c] as const))('%s', (_, c) => {
    const { config, ...rest } = c.model as { config: { layers: Layer[] } };
    const model = { ...rest, config: { ...config, layers: config.layers.map(byKeyword) } };
    expect(JSON.stringify(model)).not.toBe(JSON.stringify(c.model));
    expect(specFromKerasConfig(model)).toEqual(specFromKerasConfig(c.model));
  });
});

/** One number for all axes, or a list of them: the same argument in two spellings. */
const spelled = (value: unknown) => (Array.isArray(value) && value.every(v => v === value[0]) ? value[0] : value);

describe('the arguments that a script gives a layer are those that Keras keeps', () => {
  it.each(cases.filter(c => c.line.startsWith('L.')).map(c => [c.line, c] as const))('%s', (_, c) => {
    const { model } = load(c);
    const listed = (c.model as { config: { layers: { config: Record<string, any> }[] } }).config.layers;
    for (const layer of model.layers) {
      const outer = listed.find(({ config }) => config.name === layer.name)?.config;
      const facet = getLayerKind(layer.kind).keras;
      if (!outer || !facet) continue;
      const own = outer.layer && layer.kind === 'dense' ? outer.layer.config : outer;
      // activations and layers inside are objects on one side; noise of any strength is none here
      const plain = Object.entries(facet.config(layer)).filter(
        ([key, v]) => v !== null && (typeof v !== 'object' || Array.isArray(v)) && key !== 'stddev',
      );
      for (const [key, value] of plain) expect({ [key]: spelled(value) }).toEqual({ [key]: spelled(own[key]) });
    }
  });
});
