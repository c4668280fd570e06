// The WASM kernel of the batched engine: the functions that kernel.ts calls. Addresses are in bytes of the imported memory, which the caller lays out.
export { TABLE_END, writeConstants } from './activations';
export { gatherRows } from './copy';
export { matrixProduct } from './matrix';
export { addProduct64 } from './matrix64';
export { packMatrix, packPanels, packWide } from './pack';
export { runSteps } from './run';
export { runStream, runStreamPart } from './stream';
export { activate } from './activate';
export { addRows32, addRows64, addRowsOfSingles64 } from './rows';
export { runStep64 } from './steps64';
