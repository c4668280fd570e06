export { keras } from './keras.js';
export { kerasCheckpoint } from './kerasCheckpoint.js';
export { kerasNames } from './kerasNames.js';
export { kerasPaths } from './kerasPaths.js';
export { letters } from './letters.js';
export { native } from './native.js';
export { torch } from './torch.js';
