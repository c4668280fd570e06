import os from 'node:os';
import { isRecurrent } from '../model/spec.js';
import { sizeOf } from '../tensor/tensor.js';
import type { Execution } from './execute.js';
import type { Prepared } from './prepare.js';
import type { ForwardRequest } from './request.js';

/*
 * --engine auto. `batched` gives the same bits on every machine, with WASM and without, on any number of threads; so whatever it decides by itself
 * changes no number. ONNX Runtime has other bits, and is taken only where it is installed, can do all that is asked for, and saves time by measure.
 */

/**
 * Where ONNX Runtime gets a whole process done sooner. Loading the package and handing it the weights takes a time of its own, in which a thread of
 * the kernel does so many multiply-adds; so layers of fewer units gain nothing, nor any SimpleRNN. Measured with bench/crossover.mjs.
 */
const CROSSOVER: Record<string, Crossover> = {
  lstm: { units: 128, start: 1.25e9, perWeight: 800 },
  gru: { units: 256, start: 1e9, perWeight: 900 },
};

interface Crossover {
  /** least units of a layer that counts */
  readonly units: number;
  /** multiply-adds for every thread, for the start and for every recurrent weight */
  readonly start: number;
  readonly perWeight: number;
}

/** What the request says about the engine, before anything is decided. */
type Asked = Pick<ForwardRequest, 'engine' | 'dtype' | 'threads' | 'fast' | 'trace' | 'states'>;

function executionWith(engine: string, why: string | undefined, { dtype, threads, fast, trace, states }: Asked): Execution {
  return { engine, why, dtype, threads, fast, trace: trace || states };
}

/** The requested engine, else `batched`, for a reason that is known already. */
export function executionWithout(choice: string, request: Asked): Execution {
  const { engine = 'auto' } = request;
  return engine === 'auto' ? executionWith('batched', choice, request) : executionWith(engine, undefined, request);
}

const hasOnnxruntime = async (): Promise<boolean> => (await import('../engines/onnxruntime.js')).isInstalled();

/** The engine that was asked for; with `auto` the faster one that does all that is asked. @param installed asked where onnxruntime would be faster */
export async function executionOf(request: ForwardRequest, prepared: Prepared, installed = hasOnnxruntime): Promise<Execution> {
  const needed = needsBatched(request, prepared) ?? tooSmall(prepared, request.threads);
  if (needed !== undefined || (request.engine ?? 'auto') !== 'auto') return executionWithout(needed ?? '', request);
  // at least one, by what a start costs
  const billions = recurrentLayers(prepared).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0) / 1e9;
  const big = `${Number(billions.toPrecision(2))} billion multiply-adds`;
  if (!(await installed())) return executionWithout(`${big}; onnxruntime-node, which is faster at that, is not installed`, request);
  return executionWith('onnxruntime', `${big} in wide layers, where it is faster; --engine batched has the same bits everywhere`, request);
}

/** What ONNX Runtime cannot do, or what promises the same bits for a part as for the whole. */
function needsBatched(request: ForwardRequest, { network, input }: Prepared): string | undefined {
  if (network.graph && !network.graph.exact) return 'a graph that is run as it stands';
  if (request.simulate !== undefined) return 'a mistake is made on purpose';
  if (request.fast) return 'it has --fast';
  if (request.dtype === 'f64') return 'float64';
  if (request.trace || request.states) return 'gates and states of every step are kept';
  if (input.mask) return 'padded samples';
  if (request.rows) return 'a part of the samples has the bits of the whole';
  if (network.model.layers.some(layer => isRecurrent(layer) && layer.stateful)) return 'states are kept between calls';
  return undefined;
}

function tooSmall(prepared: Prepared, threads: number | undefined): string | undefined {
  const gain = recurrentLayers(prepared).reduce((sum, { layer, weights, multiplyAdds }) => {
    const crossover = CROSSOVER[layer.kind];
    if (crossover === undefined || layer.units < crossover.units) return sum;
    return sum + multiplyAdds / ((threads ?? os.availableParallelism()) * (crossover.start + crossover.perWeight * weights));
  }, 0);
  return gain < 1 ? 'too little to do for loading anything else' : undefined;
}

/** Recurrent layers with their weights in products, and the multiply-adds of all samples and steps with them. */
function recurrentLayers({ network, weights, input }: Prepared) {
  const [N, T = 1] = input.x.shape;
  return network.model.layers.filter(isRecurrent).map(layer => {
    let count = 0;
    for (const [key, { shape }] of weights)
      if (key.startsWith(`${layer.name}/`) && shape.length === 2 && !key.endsWith('bh')) count += sizeOf(shape);
    return { layer, weights: count, multiplyAdds: N * T * count };
  });
}
