/** The library: the three questions as functions. Requests and results are plain objects; errors are RnnError. */
export { RnnError } from './errors.js';
export { runCompare as compare } from './run/compare.js';
export { runForward as forward } from './run/forward.js';
export type { CompareRequest, ForwardRequest, InputRequest, NetworkRequest, ShapesRequest } from './run/request.js';
export type {
  CompareResult,
  Count,
  DimsJson,
  Explanation,
  ForwardResult,
  LayerRow,
  Nested,
  ShapesResult,
  TensorData,
  TraceLayer,
  WeightRow,
} from './run/result.js';
export { runShapes as shapes } from './run/shapes.js';
export { VERSION as version } from './run/version.js';
