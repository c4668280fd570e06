/**
 * The results of `run/`. The JSON documents are these objects without the fields marked "not in JSON"; within a major version, keys are
 * only added.
 */
export type * from './results/compare.js';
export type * from './results/compareFiles.js';
export type * from './results/document.js';
export type * from './results/explain.js';
export type * from './results/files.js';
export type * from './results/forward.js';
export type * from './results/shapes.js';
