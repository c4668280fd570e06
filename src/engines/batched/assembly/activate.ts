import { sigmoid, tanh } from './activations';

/** sigmoid (0) or tanh (1) of `vectors` vectors in place: for the general path and for the proof of both over all inputs */
export function activate(x: usize, vectors: usize, kind: usize): void {
  for (const end = x + vectors * 16; x < end; x += 16) v128.store(x, kind ? tanh(v128.load(x)) : sigmoid(v128.load(x)));
}
