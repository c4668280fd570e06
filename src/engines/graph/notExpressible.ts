import { RnnError } from '../../errors.js';

/** Not an error of the file: the graph cannot be expressed in layers. */
export function notExpressible(why: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYERS', why);
}
