export { batched } from './batched/engine.js';
export { manual } from './manual.js';
export { onnxruntime } from './onnxruntime.js';
