import os from 'node:os';
import { isRecurrent } from '../model/spec.js';
import { sizeOf } from '../tensor/tensor.js';
import type { Execution } from './execute.js';
import type { Prepared } from './prepare.js';
import type { ForwardRequest } from './request.js';

/*
 * --engine auto. `batched` gives the same bits on every machine, with or without WASM and on any number of threads, so its own choices
 * never change a number. ONNX Runtime gives other bits, and is only chosen if it is installed, supports the whole request, and is
 * measurably faster.
 */

/**
 * Where a whole process is faster with ONNX Runtime. Loading the package and passing it the weights costs time, given here in multiply-adds
 * that one thread of our kernel does meanwhile. Layers with fewer units gain nothing, nor does any SimpleRNN. Measured with
 * bench/crossover.mjs.
 */
const CROSSOVER: Record<string, Crossover> = {
  lstm: { units: 128, start: 1.25e9, perWeight: 800 },
  gru: { units: 256, start: 1e9, perWeight: 900 },
};

interface Crossover {
  /** layers with fewer units do not count */
  readonly units: number;
  /** multiply-adds per thread, for the start and for each recurrent weight */
  readonly start: number;
  readonly perWeight: number;
}

/** The keys of a request that affect the engine. */
type Asked = Pick<ForwardRequest, 'engine' | 'dtype' | 'threads' | 'fast' | 'trace' | 'states'>;

function executionWith(engine: string, why: string | undefined, { dtype, threads, fast, trace, states }: Asked): Execution {
  return { engine, why, dtype, threads, fast, trace: trace || states };
}

/** The requested engine, or `batched` for a reason that is already known. */
export function executionWithout(choice: string, request: Asked): Execution {
  const { engine = 'auto' } = request;
  return engine === 'auto' ? executionWith('batched', choice, request) : executionWith(engine, undefined, request);
}

const hasOnnxruntime = async (): Promise<boolean> => (await import('../engines/onnxruntime.js')).isInstalled();

/** The requested engine; for `auto` the fastest that supports the request. @param installed only called if onnxruntime would be faster */
export async function executionOf(request: ForwardRequest, prepared: Prepared, installed = hasOnnxruntime): Promise<Execution> {
  const needed = needsBatched(request, prepared) ?? tooSmall(prepared, request.threads);
  if (needed !== undefined || (request.engine ?? 'auto') !== 'auto') return executionWithout(needed ?? '', request);
  // at least 1 here: the start alone costs that much
  const billions = recurrentLayers(prepared).reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0) / 1e9;
  const big = `${Number(billions.toPrecision(2))} billion multiply-adds`;
  if (!(await installed())) return executionWithout(`${big}; onnxruntime-node, which is faster at that, is not installed`, request);
  return executionWith('onnxruntime', `${big} in wide layers, where it is faster; --engine batched has the same bits everywhere`, request);
}

/** Why `batched` is needed: ONNX Runtime cannot do it, or a part must have the same bits as the whole. Undefined if it is not. */
function needsBatched(request: ForwardRequest, { network, input }: Prepared): string | undefined {
  if (network.graph && !network.graph.exact) return 'a graph that is run node by node';
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

/** The recurrent layers with the number of weights in their matrix products, and the multiply-adds over all samples and steps. */
function recurrentLayers({ network, weights, input }: Prepared) {
  const [N, T = 1] = input.x.shape;
  return network.model.layers.filter(isRecurrent).map(layer => {
    let count = 0;
    for (const [key, { shape }] of weights)
      if (key.startsWith(`${layer.name}/`) && shape.length === 2 && !key.endsWith('bh')) count += sizeOf(shape);
    return { layer, weights: count, multiplyAdds: N * T * count };
  });
}
