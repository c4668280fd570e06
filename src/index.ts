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
export { type ErrorDetails, type ErrorKind, RnnError } from './errors.js';
export { type CompareHooks, runCompare as compare } from './run/compare.js';
export { type ConvertRequest, runConvert as convert } from './run/convert.js';
export type { ExplainRequest } from './run/explain.js';
export { runExplain as explain } from './run/explain.js';
export { runForward as forward } from './run/forward.js';
export { type InspectRequest, runInspect as inspect } from './run/inspect.js';
export { type LoadedNetwork, runLoad as load } from './run/load.js';
export { type ProbeRequest, runProbe as probe } from './run/probe.js';
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
  CompareResult,
  ConvertResult,
  Count,
  DimsJson,
  ExplainResult,
  Explanation,
  ForwardResult,
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
  WorkingLine,
  WorkingStep,
} from './run/result.js';
export { runShapes as shapes } from './run/shapes.js';
export { VERSION as version } from './run/version.js';
