/** The values of `convert --to` and the file extensions of each, the usual one first. */
export const CONVERT_FORMATS = {
  keras: ['npz'],
  torch: ['safetensors', 'npz'],
  onnx: ['onnx'],
  flax: ['npz', 'safetensors'],
  npz: ['npz'],
  safetensors: ['safetensors'],
  json: ['json'],
} as const;

export const TARGETS: readonly string[] = Object.keys(CONVERT_FORMATS);
