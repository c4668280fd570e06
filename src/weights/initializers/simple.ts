import { each, filled, onKernels, uniformWithin } from './initializer.js';

/** Keras' `random_normal`: deviation 0.05. */
export const randomNormal = onKernels('random_normal', (shape, stream) => each(shape, () => 0.05 * stream.normal()));

/** Standard normal kernels, as in the `Wx = np.random.randn(D, M)` of many tutorials. */
export const standardNormal = onKernels('standard_normal', (shape, stream) => each(shape, () => stream.normal()));

/** Keras' `random_uniform`: between −0.05 and 0.05. */
export const randomUniform = onKernels('random_uniform', (shape, stream) => uniformWithin(shape, 0.05, stream));

export const zeros = onKernels('zeros', shape => filled(shape, 0));
export const ones = onKernels('ones', shape => filled(shape, 1));
