export { headOnInput } from './headOnInput.js';
export { stateCarry } from './stateCarry.js';
