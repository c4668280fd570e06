import { getCell } from '../cells/index.js';
import { batched } from '../engines/batched/engine.js';
import type { EngineInput, EngineOutput } from '../engines/engine.js';
import { manual } from '../engines/manual.js';
import type { LayerResult } from '../layers/layer.js';
import { isRecurrent, type ModelSpec, type RecurrentSpec, SPEC_SCHEMA } from '../model/spec.js';
import { valueNamed } from '../run/valueNamed.js';
import { allocate, type FloatArray, type Precision, sizeOf, type Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import type { Model } from './model.js';

/**
 * Gates and states at every step of one sample. A small network is traced at once, a large one layer by layer, some steps at a time, so
 * that the page stays responsive and shows what is known so far.
 */
export interface Trace {
  /** of the single sample: N = 1 */
  readonly input: EngineInput;
  readonly output: EngineOutput;
  /** The range [from, to) of steps that are known for a direction of a layer. */
  known(layer: string, way: number): readonly [number, number];
  /** Traces some more steps of a layer, for about this many multiply-adds. @returns whether steps remain */
  advance(layer: string, multiplyAdds: number): Promise<boolean>;
}

/** Multiply-adds in plain TypeScript that take a few milliseconds. */
const AT_ONCE = 3e6;

export async function traceOf(model: Model, sample: number, engineName: 'batched' | 'manual', dtype: Precision): Promise<Trace> {
  const engine = engineName === 'manual' ? manual : batched;
  const { network, weights } = model;
  const input = sampleOf(model.input, sample);
  const whole = () => tracedInWhole(model, sample, engine, dtype);
  const [, T = 1] = input.x.shape;
  const options = { dtype, trace: true, threads: 1 };
  const cost = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0) * T;
  if (cost <= AT_ONCE) {
    const output = await engine.run(network.model, weights, input, options).catch(whole);
    return { input, output, known: () => [0, Number.POSITIVE_INFINITY], advance: async () => false };
  }
  // if there is only one sample, it has already been computed
  const output =
    model.input.x.shape[0] === 1
      ? model.output
      : await engine.run(network.model, weights, input, { ...options, trace: false }).catch(whole);
  const layers = new Map(output.layers);
  const progress = new Map<string, Progress>();
  for (const layer of network.model.layers.filter(isRecurrent)) {
    const started = startOf(layer, network.model, input, output, dtype);
    if (!started) continue;
    layers.set(layer.name, { ...layers.get(layer.name)!, traces: started.traces } as LayerResult);
    progress.set(layer.name, started);
  }
  return {
    input,
    output: { ...output, layers },
    known(name, way) {
      const at = progress.get(name);
      if (!at) return [0, Number.POSITIVE_INFINITY];
      const steps = at.x.tensor.shape[1];
      return at.ways[way] ? [steps - at.done[way], steps] : [0, at.done[way]];
    },
    async advance(name, multiplyAdds) {
      const at = progress.get(name);
      if (!at) return false;
      for (const way of at.ways.keys()) await advanceWay(at, way, multiplyAdds / at.ways.length, { weights, run: engine.run, options });
      return at.done.some(done => done < at.x.tensor.shape[1]);
    },
  };
}

/** A layer of which no step is traced yet; undefined if it is not traced step by step. */
function startOf(layer: RecurrentSpec, model: ModelSpec, input: EngineInput, output: EngineOutput, dtype: Precision): Progress | undefined {
  const x = inputOfLayer(layer, model, input, output);
  if (!x || layer.projection !== null) return undefined;
  const ways = layer.bidirectional === null ? [layer.goBackwards] : [false, true];
  const cell = getCell(layer.kind);
  const steps = x.tensor.shape[1];
  const given = layer.states?.map(name => valueNamed(name, model, input, output)!.tensor);
  return {
    layer,
    x,
    initial: given ?? input.initialStates?.get(layer.name),
    ways,
    traces: ways.map(() => ({
      gates: blank([1, steps, cell.gates.length * layer.units], dtype),
      states: cell.states.map(() => blank([1, steps, layer.units], dtype)),
    })),
    done: ways.map(() => 0),
    states: ways.map(() => undefined),
  };
}

/** Computes all samples and extracts one, for a graph made for a fixed number of samples. @throws what the engine throws */
async function tracedInWhole(
  { network, weights, input }: Model,
  sample: number,
  engine: typeof batched,
  dtype: Precision,
): Promise<EngineOutput> {
  const output = await engine.run(network.model, weights, input, { dtype, trace: true, threads: 1 });
  const [N] = input.x.shape;
  const one = (t: Tensor): Tensor => (t.shape[0] === N ? rowsOf(t, sample) : t);
  const layers = [...output.layers].map(([name, result]): [string, LayerResult] => [
    name,
    {
      ...result,
      tensor: one(result.tensor),
      states: result.states?.map(one),
      others: result.others?.map(one),
      sequence: result.sequence && one(result.sequence),
      traces: result.traces?.map(({ gates, states }) => ({ gates: one(gates), states: states.map(one) })),
    },
  ]);
  return { ...output, y: one(output.y), layers: new Map(layers) };
}

interface Progress {
  readonly layer: RecurrentSpec;
  readonly x: { readonly tensor: Tensor; readonly mask?: Uint8Array };
  readonly initial?: readonly Tensor[];
  /** by direction: whether it reads from the end */
  readonly ways: readonly boolean[];
  readonly traces: readonly { readonly gates: Tensor; readonly states: readonly Tensor[] }[];
  /** number of steps traced, by direction */
  readonly done: number[];
  /** states after these steps */
  readonly states: (readonly Tensor[] | undefined)[];
}

/** Runs the next steps of one direction, as a network of that layer alone that continues from the last states. */
async function advanceWay(
  at: Progress,
  way: number,
  multiplyAdds: number,
  { weights, run, options }: Pick<typeof batched, 'run'> & { weights: Weights; options: Parameters<typeof batched.run>[3] },
): Promise<void> {
  const { layer, x, traces, done } = at;
  const [, T, D] = x.tensor.shape;
  const reverse = at.ways[way];
  const own = weightsOfWay(layer, way, weights);
  const cost = [...own.values()].reduce((sum, { data }) => sum + data.length, 0);
  const steps = Math.min(T - done[way], Math.max(1, Math.floor(multiplyAdds / cost)));
  if (steps <= 0) return;
  const from = reverse ? T - done[way] - steps : done[way];
  const part: EngineInput = {
    x: { shape: [1, steps, D], data: x.tensor.data.subarray(from * D, (from + steps) * D) },
    mask: x.mask?.subarray(from, from + steps),
  };
  const count = traces[way].states.length;
  const before = at.states[way] ?? at.initial?.slice(way * count, (way + 1) * count);
  const single = oneWay(layer, reverse, steps, D);
  const { layers } = await run(single, own, before ? { ...part, initialStates: new Map([[layer.name, before]]) } : part, options);
  const result = layers.get(layer.name)!;
  const [trace] = result.traces!;
  copy(trace.gates, traces[way].gates, from);
  trace.states.forEach((state, s) => {
    copy(state, traces[way].states[s], from);
  });
  at.states[way] = result.states;
  done[way] += steps;
}

/** The weights of one direction, under the names that a layer of one direction has. */
function weightsOfWay(layer: RecurrentSpec, way: number, weights: Weights): Weights {
  const owner = layer.shares ?? layer.name;
  const prefix = `${owner}/${layer.bidirectional === null ? '' : way === 0 ? 'forward/' : 'backward/'}`;
  const own = [...weights].filter(([key]) => key.startsWith(prefix));
  return new Map(own.map(([key, w]) => [`${layer.name}/${key.slice(prefix.length)}`, w]));
}

/** A network of one direction of a layer, for some steps. */
function oneWay(layer: RecurrentSpec, goBackwards: boolean, timesteps: number, features: number): ModelSpec {
  const alone = { inputs: ['input'], bidirectional: null, returnSequences: true, stateful: false } as const;
  return {
    schema: SPEC_SCHEMA,
    name: 'part',
    functional: false,
    input: { name: 'input', batch: null, timesteps, features },
    layers: [{ ...layer, ...alone, goBackwards, shares: undefined, states: undefined, mask: undefined }],
    output: layer.name,
  };
}

/** Copies [1, steps, M] into [1, T, M] at a step. */
function copy({ data, shape }: Tensor, to: Tensor, from: number): void {
  to.data.set(data as never, from * shape[2]);
}

function blank(shape: readonly number[], dtype: Precision): Tensor {
  const data: FloatArray = allocate(sizeOf(shape), dtype);
  return { shape, data: data.fill(Number.NaN) };
}

/** The input of a layer, if it is a sequence. */
function inputOfLayer(layer: RecurrentSpec, model: ModelSpec, input: EngineInput, output: EngineOutput): Progress['x'] | undefined {
  const value = valueNamed(layer.inputs[0], model, input, output);
  if (value?.tensor.shape.length !== 3) return undefined;
  if (layer.mask === null) return { ...value, mask: undefined };
  const mask = layer.mask === undefined ? undefined : valueNamed(layer.mask, model, input, output)?.tensor.data;
  return mask ? { ...value, mask: Uint8Array.from(mask, v => (v === 0 ? 0 : 1)) } : value;
}

function rowsOf(t: Tensor, sample: number): Tensor {
  const width = t.data.length / t.shape[0];
  return { shape: [1, ...t.shape.slice(1)], data: t.data.subarray(sample * width, (sample + 1) * width) };
}

/** One sample with its mask, states and other inputs. */
function sampleOf({ x, mask, initialStates, others }: EngineInput, sample: number): EngineInput {
  const [, T] = x.shape;
  const row = (t: Tensor) => rowsOf(t, sample);
  return {
    x: row(x),
    mask: mask?.subarray(sample * T, (sample + 1) * T),
    initialStates: initialStates && new Map([...initialStates].map(([layer, states]) => [layer, states.map(row)])),
    others: others && new Map([...others].map(([name, t]) => [name, row(t)])),
  };
}
