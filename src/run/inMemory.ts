import { batched } from '../engines/batched/engine.js';
import type { EngineInput, EngineOutput } from '../engines/engine.js';
import { manual } from '../engines/manual.js';
import { checkSpec } from '../model/check.js';
import { inferShapes, weightShapesByLayer } from '../model/shapes.js';
import { checkWeights, type Weights } from '../weights/weights.js';
import { executeWith } from './execute.js';
import { DEFAULT_SEED, draw, drawnSizes, inputWish } from './input/drawing.js';
import { loadNetwork, type Network } from './network/network.js';
import { withFramework } from './prepare.js';
import type { InputRequest, NetworkRequest } from './request.js';

/** A network and its numbers without any files: what a browser can ask for. Everything here works on values in memory. */
export interface MemoryRequest
  extends Omit<NetworkRequest, 'model' | 'weights'>,
    Pick<InputRequest, 'seed' | 'rng' | 'inputRng' | 'init' | 'dtype'> {
  /** a spec as in `--model net.json`, in place of sizes or --layers */
  readonly spec?: unknown;
  /** canonical weights `rnn_1/Wx` …; drawn from the seed if absent */
  readonly weights?: Weights;
  /** X [N, T, D], with its mask and states; drawn if absent */
  readonly input?: EngineInput;
  /** default: batched */
  readonly engine?: 'batched' | 'manual';
  /** keep every gate and state of every step */
  readonly trace?: boolean;
}

export interface MemoryRun {
  readonly network: Network;
  readonly weights: Weights;
  readonly input: EngineInput;
  readonly output: EngineOutput;
}

/** @throws RnnError of any kind that a description can cause */
export async function networkInMemory(request: MemoryRequest): Promise<Network> {
  if (request.spec === undefined) return loadNetwork(withFramework(flagsOf(request)));
  const framework = request.framework ?? 'keras';
  const model = checkSpec(request.spec, framework);
  return { framework, model, shapes: inferShapes(model), weightsSource: null, notes: [], assumptions: [] };
}

/**
 * Draws what is not given, and runs the network. @throws RnnError E_WEIGHT_MISSING, E_WEIGHT_SHAPE, E_INPUT_SHAPE and those of a
 * description
 */
export async function runInMemory(request: MemoryRequest): Promise<MemoryRun> {
  const network = await networkInMemory(request);
  const { weights, input } = numbersInMemory(network, request);
  const { dtype, trace, engine } = request;
  const output = await executeWith(engine === 'manual' ? manual : batched, network.model, weights, input, { dtype, trace, threads: 1 });
  return { network, weights, input, output };
}

/** Checks what is given and draws the rest from the seed, as the command line does. */
export function numbersInMemory(network: Network, request: MemoryRequest): { weights: Weights; input: EngineInput } {
  const { weights, input } = request;
  if (weights) checkWeights(weightShapesByLayer(network.shapes), weights);
  if (weights && input) return { weights, input };
  const flags = flagsOf(request);
  const wish = input ? null : inputWish(network, drawnSizes(network, flags));
  const drawn = draw(weights ? { ...network, weights } : network, flags, request.seed ?? DEFAULT_SEED, wish);
  return { weights: weights ?? drawn.weights!, input: input ?? { x: drawn.x! } };
}

/** The part of the request that flags could express, without its numbers. */
function flagsOf({ spec: _, weights: _w, input: _i, engine: _e, trace: _t, ...flags }: MemoryRequest): NetworkRequest & InputRequest {
  return flags;
}
