export { keras } from './keras.js';
export { native } from './native.js';
export { torch } from './torch.js';
