export { keras } from './keras.js';
export { numpy, pcg64 } from './numpy.js';
export { seedrandom } from './seedrandom.js';
export { torch } from './torch.js';
