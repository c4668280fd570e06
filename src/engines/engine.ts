import type { OnnxModel } from '../formats/onnx/graph.js';
import type { LayerResult } from '../layers/layer.js';
import type { ModelSpec } from '../model/spec.js';
import type { GraphValue } from '../ops/value.js';
import type { Precision, Tensor } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';

/** An engine turns spec + weights + X into outputs. `manual` and `batched` differ in products and precision, not in equations. */
export interface EngineInput {
  /** [N, T, D], or token numbers [N, T] */
  readonly x: Tensor;
  /** [N·T], 1 = real step */
  readonly mask?: Uint8Array;
  /** by layer name: initial states, by direction, then state (h, c) */
  readonly initialStates?: ReadonlyMap<string, readonly Tensor[]>;
  /** whether the input continues an earlier one, whose final states are the initial states here */
  readonly continued?: boolean;
  /** inputs after x, by name */
  readonly others?: ReadonlyMap<string, Tensor>;
}

/** How to round differently, to measure how much a correct result varies. */
export interface Rounding {
  /** seed; every number that enters a product is moved at random by up to one unit in the last place */
  readonly jitter?: number;
  /** use the code that float32 and float64 share, not the fused float32 code, so that they differ in precision only */
  readonly general?: boolean;
}

export interface EngineOptions {
  readonly dtype: Precision;
  /** default: as many as there are cores, if there is enough work. The result does not depend on it. */
  readonly threads?: number;
  /** batched, float32: use fused multiply-add if the processor has it. The last bits then depend on the processor; the output says whether it was used. */
  readonly fast?: boolean;
  /** whether to keep the gates and states of all recurrent layers */
  readonly trace: boolean;
  /** manual: compute all samples at once on the WASM kernel where that is possible. 'exact': same bits as the loop; 'quick': σ and tanh within 1e-14 */
  readonly together?: 'exact' | 'quick';
  /** batched: to measure the effect of rounding */
  readonly rounding?: Rounding;
  /** called after every layer, and after every call of a stateful network */
  readonly onProgress?: (done: number, of: number) => void;
}

export interface EngineOutput {
  readonly y: Tensor;
  /** by layer name: output, states, sequence and trace if requested */
  readonly layers: ReadonlyMap<string, LayerResult>;
  readonly warnings: readonly string[];
  /** by layer name: final states, by direction, then state; from an engine that does not report `layers` */
  readonly finalStates?: ReadonlyMap<string, readonly Tensor[]>;
  /** whether fused multiply-add was used, so that the last digits depend on the processor */
  readonly fast?: boolean;
  /** outputs after the first, by the names they are reported under */
  readonly others?: ReadonlyMap<string, Tensor>;
}

/** Returns the final states of a layer, by direction, then state, whichever engine ran it. */
export function finalStatesOf({ layers, finalStates }: EngineOutput, layer: string): readonly Tensor[] | undefined {
  return layers.get(layer)?.states ?? finalStates?.get(layer);
}

/** An ONNX graph to run, and the bytes of its file, if any, for an engine that reads the file itself. */
export interface GraphProgram {
  readonly model: OnnxModel;
  readonly bytes: Uint8Array | null;
}

export interface Engine {
  readonly name: string;
  readonly defaultDtype: Precision;
  run(model: ModelSpec, weights: Weights, input: EngineInput, options: EngineOptions): Promise<EngineOutput>;
  /** Runs an ONNX graph node by node: inputs and outputs by name, in the file's own layouts. @throws RnnError E_ONNX_OPERATOR */
  runGraph(
    program: GraphProgram,
    inputs: ReadonlyMap<string, GraphValue>,
    options: EngineOptions,
  ): Promise<ReadonlyMap<string, GraphValue>>;
}
