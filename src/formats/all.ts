export { csv } from './csv.js';
export { json } from './json.js';
export { jsonl } from './jsonl.js';
export { npy } from './npy.js';
export { npz } from './npz.js';
export { pt } from './pt.js';
export { safetensors } from './safetensors.js';
