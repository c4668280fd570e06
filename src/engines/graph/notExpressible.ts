import { RnnError } from '../../errors.js';

/** The error for a valid graph that cannot be expressed in layers. */
export function notExpressible(why: string): RnnError {
  return new RnnError('unsupported', 'E_ONNX_LAYERS', why);
}
