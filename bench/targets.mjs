/**
 * What is to be reached, on one thread: the factor by which `batched` is faster than a peer (below 1: may be slower), and the share of the WASM SIMD
 * multiply-add peak. Rows as in docs/internals/performance.md.
 */
export const TARGETS = {
  W1: { 'onnxruntime-node, 1 thread': 20, 'PyTorch, 1 thread': 100, 'onnxruntime-web': 20, 'tfjs-wasm': 500 },
  W2: { 'onnxruntime-node, 1 thread': 1.35, 'PyTorch, 1 thread': 1 / 1.6, 'onnxruntime-web': 3, 'tfjs-wasm': 8, peak: 0.85 },
  W3: { 'onnxruntime-node, 1 thread': 1 / 3.5, 'PyTorch, 1 thread': 1 / 2.5, 'onnxruntime-web': 1.2, 'tfjs-wasm': 4, peak: 0.85 },
  W4: { 'onnxruntime-node, 1 thread': 1 / 3, 'PyTorch, 1 thread': 1 / 2.5, 'onnxruntime-web': 1.2, 'tfjs-wasm': 7, peak: 0.8 },
  W5: { 'onnxruntime-node, 1 thread': 1 / 1.5, 'PyTorch, 1 thread': 2.5, 'onnxruntime-web': 1.2, 'tfjs-wasm': 30, peak: 0.65 },
  W6: { 'onnxruntime-node, 1 thread': 1, 'PyTorch, 1 thread': 2.2, 'onnxruntime-web': 2.5, 'tfjs-wasm': 15, peak: 0.75 },
  W7: { 'onnxruntime-node, 1 thread': 1 / 4, 'PyTorch, 1 thread': 1 / 2.5, 'onnxruntime-web': 1.5, 'tfjs-wasm': 4, peak: 0.85 },
};

/** How many times as fast as `batched` on one thread our other ways are to be. */
export const OWN_TARGETS = [
  { against: 'batched --fast', least: 1.4, workloads: ['W2', 'W3', 'W4', 'W5', 'W6', 'W7'] },
  { against: 'batched, 2 threads', least: 1.8, workloads: ['W2', 'W3', 'W4', 'W6', 'W7'] },
];
