import type { HostileCase } from './case.js';
import { modelCases } from './cases/models.js';
import { npyCases } from './cases/npy.js';
import { onnxCases } from './cases/onnx.js';
import { pickleCases } from './cases/pickle.js';
import { safetensorsCases } from './cases/safetensors.js';
import { tensorbundleCases } from './cases/tensorbundle.js';
import { textCases } from './cases/text.js';
import { zipCases } from './cases/zip.js';

/** Every hostile file that is made here; those of other makers lie in reference/corrupt and reference/hdf5. */
export const HOSTILE: readonly HostileCase[] = [
  ...npyCases,
  ...zipCases,
  ...textCases,
  ...safetensorsCases,
  ...pickleCases,
  ...onnxCases,
  ...tensorbundleCases,
  ...modelCases,
];
