/**
 * The library: the questions of the command line as functions. A request is a plain object with the words of the flags (`{ cell: 'lstm', T: 10 }`,
 * files by their path), a result is what `--json` prints, and with it the tensors. Nothing is printed; what a user can cause is an `RnnError` with
 * code, message, where, expected, found, fix and exit.
 *
 * ```js
 * import { compare, forward, load, shapes } from '@rnn-cli/cli';
 *
 * const { totals } = await shapes({ cell: 'lstm', T: 10, D: 3, M: [5], K: 2 });
 * const { tensors } = await forward({ weights: 'w.npz', input: 'x.npy' });
 * const network = await load({ model: 'net.keras' }); // then, as often as you like: network.run({ shape: [1, 10, 3], data })
 * const { equal, explanations } = await compare({ weights: 'w.npz', input: 'x.npy', against: 'y.npy' });
 * ```
 *
 * @packageDocumentation
 */
import { type CompareHooks, runCompare } from './run/compare.js';
import { type CompareModelsRequest, runCompareModels } from './run/comparing/compareModels.js';
import { type ConvertRequest, runConvert } from './run/convert.js';
import { EMIT_TARGETS, type EmitTarget } from './run/emit/target.js';
import { type ExplainRequest, runExplain } from './run/explain.js';
import { type KnownRun, runEmit, runForward } from './run/forward.js';
import { type InspectRequest, runInspect } from './run/inspect.js';
import { checkChoice, type Given, withRequest } from './run/libraryRequest.js';
import { type LoadedForwardRequest, type LoadRequest, type RunnableNetwork, runLoad } from './run/load.js';
import { openModel } from './run/network/network.js';
import { type ProbeRequest, runProbe } from './run/probe.js';
import type { CompareRequest, ForwardRequest, ShapesRequest } from './run/request.js';
import { checkRules } from './run/requestRules.js';
import type {
  CompareModelsResult,
  CompareResult,
  ConvertResult,
  ExplainResult,
  ForwardResult,
  InspectResult,
  ProbeResult,
  ShapesResult,
} from './run/result.js';
import { runShapes } from './run/shapes.js';

/** Layers, shapes, counts under every framework's rules, multiply-adds, memory: `rnn-cli shapes`. @throws RnnError */
export function shapes(request: Given<ShapesRequest> = {}): Promise<ShapesResult> {
  return withRequest('shapes', request, (checked: ShapesRequest) => runShapes(checked));
}

/** Returns y and everything needed to repeat it: `rnn-cli forward`. @param onProgress called after every layer @throws RnnError */
export function forward(request: Given<ForwardRequest> = {}, onProgress?: KnownRun['onProgress']): Promise<ForwardResult> {
  return withRequest('forward', request, (checked: ForwardRequest) => runForward(withTrace(checked), { onProgress }));
}

/** Asking for a step or a unit implies `trace`. */
function withTrace(request: ForwardRequest): ForwardRequest {
  const { trace = request.step !== undefined || request.unit !== undefined } = request;
  return { ...request, trace };
}

/** A Python script with the same weights and input: `rnn-cli forward --emit`. @throws RnnError E_EMIT */
export async function emit(request: Given<ForwardRequest>, target: EmitTarget): Promise<string> {
  checkChoice('target', target, EMIT_TARGETS);
  return withRequest('forward', request, async (checked: ForwardRequest) => (await runEmit(checked, target)).script);
}

/** Says whether two outputs are equal and, if not, why: `rnn-cli compare`. @throws RnnError */
export function compare(request: Given<CompareRequest> = {}, hooks?: CompareHooks): Promise<CompareResult> {
  return withRequest('compare', request, (checked: CompareRequest) => runCompare(checked, hooks));
}

/** Compares two networks in files: `rnn-cli compare A B`. @throws RnnError */
export function compareModels(request: Given<CompareModelsRequest>): Promise<CompareModelsResult> {
  return withRequest('compareModels', request, (checked: CompareModelsRequest) => runCompareModels(checked));
}

/** A network that is loaded once and run many times. */
export interface LoadedNetwork extends RunnableNetwork {
  /**
   * `forward` with this network, without reading its file again: several inputs by name, initial states, all outputs.
   * @throws RnnError
   */
  forward(request?: Given<LoadedForwardRequest>): Promise<ForwardResult>;
}

/** Loads a network that is then run many times. @throws RnnError */
export function load(request: Given<LoadRequest> = {}): Promise<LoadedNetwork> {
  return withRequest('load', request, async (checked: LoadRequest) => {
    const opened = await openModel(checked);
    const runnable = await runLoad(checked, opened);
    const forwardOf = (input: Given<LoadedForwardRequest> = {}) =>
      // arrays of the request are only held during a call, so each run registers those of the network again
      withRequest('load', request, (network: LoadRequest) =>
        withRequest('network.forward', input, async (own: LoadedForwardRequest) => {
          const whole = { ...network, ...own };
          checkRules(whole);
          return runForward(withTrace(whole), { opened });
        }),
      );
    return { ...runnable, forward: forwardOf };
  });
}

/** Lists what a file contains: `rnn-cli inspect`. @throws RnnError */
export function inspect(request: InspectRequest): Promise<InspectResult> {
  return withRequest('inspect', request, (checked: InspectRequest) => runInspect(checked));
}

/** Writes a model or its weights in another framework's layout: `rnn-cli convert`. @throws RnnError */
export function convert(request: ConvertRequest): Promise<ConvertResult> {
  return withRequest('convert', request, (checked: ConvertRequest) => runConvert(checked));
}

/** Finds an input, with weights, on which every known mistake gives another y: `rnn-cli probe`. @throws RnnError */
export function probe(request: Given<ProbeRequest> = {}): Promise<ProbeResult> {
  return withRequest('probe', request, (checked: ProbeRequest) => runProbe(checked));
}

/** Returns the page on a mistake or a term: `rnn-cli explain`. @throws RnnError E_UNKNOWN_TOPIC */
export function explain(request: ExplainRequest = {}): Promise<ExplainResult> {
  return withRequest('explain', request, (checked: ExplainRequest) => runExplain(checked));
}

export { type ErrorDetails, type ErrorKind, RnnError } from './errors.js';
export type { EmitTarget } from './run/emit/target.js';
export type { ArrayData, ArraysData } from './run/input/arraysInMemory.js';
export type {
  CompareRequest,
  EngineName,
  ForwardRequest,
  FrameworkName,
  InputRequest,
  NetworkRequest,
  RngName,
  RowRange,
  ShapesRequest,
} from './run/request.js';
export type {
  CompareModelsResult,
  CompareResult,
  ConvertResult,
  Count,
  DimsJson,
  ExplainResult,
  Explanation,
  ForwardResult,
  HandLine,
  HandStep,
  How,
  InspectGraph,
  InspectResult,
  InspectTensor,
  LayerRow,
  Nested,
  ProbeResult,
  ShapesResult,
  TensorData,
  Term,
  TraceLayer,
  WeightRow,
} from './run/result.js';
export { VERSION as version } from './run/version.js';
export type {
  CompareHooks,
  CompareModelsRequest,
  ConvertRequest,
  ExplainRequest,
  Given,
  InspectRequest,
  LoadedForwardRequest,
  LoadRequest,
  ProbeRequest,
};
