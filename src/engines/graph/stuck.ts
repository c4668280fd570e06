import { RnnError } from '../../errors.js';

/** Not an error of the file: it only cannot be said in layers. */
export function stuck(why: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYERS', why);
}
