import { sigmoidAll, tanhAll } from './activations';

/** Applies sigmoid (kind 0) or tanh (1) to `vectors` vectors in place: for the general path, and for the test of both over all inputs. */
export function activate(x: usize, vectors: usize, kind: usize): void {
  if (kind) tanhAll(x, 16, vectors);
  else sigmoidAll(x, 16, vectors);
}
