import { batched } from '../engines/batched/engine.js';
import type { EngineInput, EngineOutput } from '../engines/engine.js';
import { manual } from '../engines/manual.js';
import { inferShapes } from '../model/shapes.js';
import { isRecurrent } from '../model/spec.js';
import { executeWith } from '../run/execute.js';
import { float32Bytes, shortSha256 } from '../run/files/sha256.js';
import { type MemoryRequest, networkInMemory, numbersInMemory } from '../run/inMemory.js';
import { type Network, titleOf } from '../run/network/network.js';
import { shapesOf } from '../run/network/shapesResult.js';
import type { PageFlags, PageNetwork } from '../run/page/pageData.js';
import type { ShapesResult } from '../run/result.js';
import type { FloatArray, Precision, Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { unpack, unpackMask } from './unpack.js';

/** What the page computes: the network from the flags or the file, with the numbers that were edited. */
export interface Model {
  readonly network: Network;
  readonly shapes: ShapesResult;
  readonly title: string;
  readonly weights: Weights;
  readonly input: EngineInput;
  readonly output: EngineOutput;
  readonly ySha256: string;
  /** duration of the forward pass in milliseconds */
  readonly ms: number;
}

/** What the reader can change. */
export interface Settings {
  readonly flags: PageFlags | null;
  readonly seed: string;
  /** edited numbers by tensor name ('x', 'rnn_1/Wx'), then by index in C order */
  readonly edits: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** for a network from a file: sizes of a drawn input */
  readonly sizes: { readonly N: number; readonly T: number };
}

export type Compute = (settings: Settings) => Promise<Model>;

/** @returns a function that recomputes the network; the page's data is decoded only once */
export function computeFrom(data: PageNetwork, engine: 'batched' | 'manual', dtype: Precision): Compute {
  const weights = data.weights && new Map(Object.entries(data.weights).map(([name, packed]) => [name, unpack(packed)]));
  const input = data.input.x === null ? undefined : inputOf(data);
  const [N, T] = data.input.shape;
  return async ({ flags, seed, edits, sizes }) => {
    const same = sizes.N === N && sizes.T === T && seed === data.seed && sameFlags(flags, data.flags);
    const request: MemoryRequest = {
      ...(flags ?? {}),
      ...(flags ? {} : sizes),
      seed,
      rng: data.rng,
      inputRng: data.inputRng,
      init: data.init,
      weights: weights && (flags === null || same) ? weights : undefined,
      input: input && (same || !data.input.drawn) ? input : undefined,
    };
    const network = flags ? await networkInMemory(request) : fileNetwork(data, sizes.T);
    const drawn = numbersInMemory(network, request);
    const changed = {
      weights: new Map([...drawn.weights].map(([name, t]) => [name, edited(t, edits.get(name))])),
      input: { ...drawn.input, x: edited(drawn.input.x, edits.get('x')) },
    };
    const started = performance.now();
    const output = await executeWith(engine === 'manual' ? manual : batched, network.model, changed.weights, changed.input, {
      dtype,
      threads: 1,
    });
    const ms = performance.now() - started;
    const ySha256 = shortSha256(float32Bytes(output.y.data));
    return { network, shapes: shapesOf(network), title: titleOf(network), ...changed, output, ySha256, ms };
  };
}

/** The settings that the page starts with. */
export function settingsOf({ flags, seed, input }: PageNetwork): Settings {
  const [N, T] = input.shape;
  return { flags: flags && { ...flags, ...(input.drawn ? {} : { N }) }, seed, edits: new Map(), sizes: { N, T } };
}

function fileNetwork({ spec, framework, notes, assumptions }: PageNetwork, T: number): Network {
  const model = { ...spec, input: { ...spec.input, timesteps: T } };
  return { framework, model, shapes: inferShapes(model), weightsSource: 'file', notes, assumptions };
}

function inputOf({ input: { x, mask, initialStates, others } }: PageNetwork): EngineInput {
  return {
    x: unpack(x!),
    others: others ? new Map(Object.entries(others).map(([name, packed]) => [name, unpack(packed)])) : undefined,
    mask: mask ? unpackMask(mask) : undefined,
    initialStates: initialStates ? new Map(Object.entries(initialStates).map(([layer, states]) => [layer, states.map(unpack)])) : undefined,
  };
}

function sameFlags(a: PageFlags | null, b: PageFlags | null): boolean {
  return a === null || b === null
    ? a === b
    : Object.keys({ ...a, ...b }).every(key => String(a[key as keyof PageFlags]) === String(b[key as keyof PageFlags]));
}

/** The tensor with some numbers replaced and rounded to its own precision. */
function edited(t: Tensor, edits: ReadonlyMap<number, number> | undefined): Tensor {
  if (!edits || edits.size === 0) return t;
  const data: FloatArray = t.data.slice();
  for (const [place, value] of edits) if (place < data.length) data[place] = value;
  return { shape: t.shape, data };
}

/** Whether this is a stateful network that takes its samples in several calls, so that a sample starts where the one before it ended. */
export function continuesAcrossCalls({ network: { model }, input }: Model): boolean {
  return model.input.batch !== null && model.input.batch !== input.x.shape[0] && model.layers.some(l => isRecurrent(l) && l.stateful);
}
