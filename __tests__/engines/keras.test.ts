import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { keras } from '../../src/conventions/keras/keras.js';
import type { EngineOutput } from '../../src/engines/engine.js';
import { getEngine } from '../../src/engines/index.js';
import { checkSpec } from '../../src/model/check.js';
import { totalParameters } from '../../src/model/counts.js';
import { inferShapes, type ModelShapes } from '../../src/model/shapes.js';
import { isRecurrent, type ModelSpec, type RecurrentSpec } from '../../src/model/spec.js';
import { sliceLast } from '../../src/tensor/layout.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { Weights } from '../../src/weights/weights.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';
import { caseIds, flat, readCase, recorded, recorded32 } from '../helpers/reference.js';

/** Every recorded Keras model (3.15.1, NumPy backend), run from its config and its get_weights() arrays by both engines. */

interface Loaded {
  readonly model: ModelSpec;
  readonly shapes: ModelShapes;
  readonly weights: Weights;
}

function load(c: any): Loaded {
  const model = checkSpec(specFromKerasConfig(configOf(c)));
  const shapes = inferShapes(model);
  const arrays: Tensor[] = c.layers.flatMap((l: any) => l.weights.map((w: any) => recorded32(w)));
  return { model, shapes, weights: keras.toWeights(shapes, new Map(arrays.map((a, i) => [`arr_${i}`, a]))) };
}

/** merge_mode None has two outputs: run as concat, whose halves they are. A case without a model config is a chain of its layers. */
function configOf(c: any): unknown {
  const config = c.model_config ?? {
    class_name: 'Sequential',
    config: {
      name: 'sequential',
      layers: [
        { class_name: 'InputLayer', config: { batch_shape: [null, ...c.input.shape.slice(1)] } },
        ...c.layers.map((l: any) => ({ class_name: l.class_name, config: l.config })),
      ],
    },
  };
  return JSON.parse(JSON.stringify(config).replaceAll('"merge_mode":null', '"merge_mode":"concat"'));
}

function inputOf(c: any, model: ModelSpec, calls?: unknown) {
  const first = model.layers.find(isRecurrent)!;
  const mask = c.mask && Uint8Array.from(flat(c.mask));
  const initial = c.initial_state && new Map([[first.name, c.initial_state.map(recorded32)]]);
  return { x: recorded32((calls as any) ?? c.input), mask, initialStates: initial };
}

const OPTIONS = { threads: 1, trace: true } as const;

describe.each(['manual', 'batched'] as const)('%s engine', name => {
  const engine = getEngine(name);
  const options = { ...OPTIONS, dtype: engine.defaultDtype };

  it.each(caseIds('keras'))('puts out what Keras does: %s', async id => {
    const c = readCase('keras', id);
    const { model, weights } = load(c);
    if (c.calls) return;
    const out = await engine.run(model, weights, inputOf(c, model), options);
    if (c.outputs) {
      const width = out.y.shape[out.y.shape.length - 1] / 2;
      c.outputs.forEach((o: any, half: number) => {
        expectClose(sliceLast(out.y, half * width, (half + 1) * width), recorded(o), TOLERANCE.float32);
      });
    } else expectClose(out.y, recorded(c.output), TOLERANCE.float32);
    checkLayers(c, model, out);
  });

  it.each(caseIds('keras').filter(id => !readCase('keras', id).calls && !readCase('keras', id).outputs))(
    'has the hidden states of every step: %s',
    async id => {
      const c = readCase('keras', id);
      const { model, weights } = load(c);
      const sequences = returningSequences(model);
      const out = await engine.run(sequences, weights, inputOf(c, model), options);
      expectClose(out.y, recorded(c.hidden_sequence), TOLERANCE.float32);
    },
  );

  it.each(caseIds('keras').filter(id => readCase('keras', id).calls))('carries the state from call to call: %s', async id => {
    const c = readCase('keras', id);
    const { model, weights } = load(c);
    let initialStates: Map<string, readonly Tensor[]> | undefined;
    for (const call of c.calls) {
      const out = await engine.run(model, weights, { x: recorded32(call.input), initialStates }, options);
      expectClose(out.y, recorded(call.output), TOLERANCE.float32);
      initialStates = new Map(model.layers.filter(isRecurrent).map(l => [l.name, out.layers.get(l.name)!.states!]));
    }
  });
});

/** The model cut behind its first recurrent layer, which returns its sequence: what recorded `hidden_sequence` holds. */
function returningSequences(model: ModelSpec): ModelSpec {
  const at = model.layers.findIndex(isRecurrent);
  const layer = model.layers[at] as RecurrentSpec;
  const whole = { ...layer, returnSequences: true, zeroOutputForMask: layer.bidirectional ? true : layer.zeroOutputForMask };
  return { ...model, layers: [...model.layers.slice(0, at), whole], output: layer.name };
}

function checkLayers(c: any, model: ModelSpec, out: EngineOutput): void {
  c.layer_outputs?.forEach((o: any, i: number) => {
    expectClose(out.layers.get(model.layers[i].name)!.tensor, recorded(o), TOLERANCE.float32);
  });
  const result = out.layers.get(model.layers.find(isRecurrent)!.name)!;
  c.final_states?.forEach((s: any, i: number) => {
    expectClose(result.states![i], recorded(s), TOLERANCE.float32);
  });
}

it.each(caseIds('keras'))('counts the parameters Keras counts: %s', id => {
  const c = readCase('keras', id);
  const { shapes } = load(c);
  expect(totalParameters(shapes)).toBe(BigInt(c.total_params));
  c.layers.forEach((l: any, i: number) => {
    const twoOutputs = Array.isArray(l.output_shape[0]);
    if (!twoOutputs) expect(shapes.layers[i].output.map(d => d.size)).toEqual(l.output_shape);
  });
});
