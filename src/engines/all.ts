export { batched } from './batched/engine.js';
export { manual } from './manual.js';
