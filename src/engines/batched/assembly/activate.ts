import { sigmoidAll, tanhAll } from './activations';

/** sigmoid (0) or tanh (1) of `vectors` vectors in place: for the general path and for the proof of both over all inputs */
export function activate(x: usize, vectors: usize, kind: usize): void {
  if (kind) tanhAll(x, 16, vectors);
  else sigmoidAll(x, 16, vectors);
}
