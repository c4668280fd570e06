export { numpy } from './numpy.js';
export { pcg64 } from './pcg64.js';
export { philox } from './philox.js';
export { python } from './python.js';
export { seedrandom } from './seedrandom.js';
export { torch } from './torch.js';
