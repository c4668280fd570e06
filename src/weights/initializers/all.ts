export { keras } from './keras.js';
export { orthogonal } from './orthogonal.js';
export { ones, randomNormal, randomUniform, standardNormal, zeros } from './simple.js';
export { torch } from './torch.js';
export { glorotNormal, glorotUniform, heNormal, heUniform, lecunNormal, lecunUniform } from './variance.js';
