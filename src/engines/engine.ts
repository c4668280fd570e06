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
  /** layer name -> initial states, per direction then state (h, c) */
  readonly initialStates?: ReadonlyMap<string, readonly Tensor[]>;
  /** the input continues an earlier one, whose final states are the initial states here */
  readonly continued?: boolean;
  /** inputs beside x, by their names */
  readonly others?: ReadonlyMap<string, Tensor>;
}

/** A run whose result is right but rounded in another way. */
export interface Rounding {
  /** every number that enters a product is moved by up to one unit in its last place, by this seed */
  readonly jitter?: number;
  /** through the code that float32 and float64 share, instead of the fused float32 paths: the difference is one of precision alone */
  readonly general?: boolean;
}

export interface EngineOptions {
  readonly dtype: Precision;
  /** undefined: as many as there are cores, where the work is worth it. The result does not depend on it. */
  readonly threads?: number;
  /** batched, float32: fused multiply-add where the processor has it. Its bits depend on the processor, so the output says whether it was used. */
  readonly fast?: boolean;
  /** keep every gate and state of every recurrent layer */
  readonly trace: boolean;
  /** manual: all samples at once, on the kernel, where that has the loop's bits; 'quick': with σ and tanh within 1e-14 of them */
  readonly together?: 'exact' | 'quick';
  /** batched: for measuring what rounding does */
  readonly rounding?: Rounding;
  /** called after every layer, and after every call of a stateful network */
  readonly onProgress?: (done: number, of: number) => void;
}

export interface EngineOutput {
  readonly y: Tensor;
  /** by layer name: output, states, sequence and trace if requested */
  readonly layers: ReadonlyMap<string, LayerResult>;
  readonly warnings: readonly string[];
  /** by layer name: final states, per direction then state, where the engine shows nothing else of its layers */
  readonly finalStates?: ReadonlyMap<string, readonly Tensor[]>;
  /** fused multiply-add was used: the last digits depend on the processor */
  readonly fast?: boolean;
  /** further outputs, by the names they are reported under */
  readonly others?: ReadonlyMap<string, Tensor>;
}

/** Final states of a layer, per direction then state, of any engine. */
export function finalStatesOf({ layers, finalStates }: EngineOutput, layer: string): readonly Tensor[] | undefined {
  return layers.get(layer)?.states ?? finalStates?.get(layer);
}

/** An ONNX graph to run; the bytes it was read from, where there are any, for an engine that reads them itself. */
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
