import { ARITHMETIC } from './arithmetic.js';
import { MOVEMENT } from './movement.js';
import { NORMALISATION } from './normalisation.js';
import type { Operators } from './operator.js';
import { PRODUCTS } from './products.js';
import { REDUCTIONS } from './reductions.js';
import { SELECTION } from './selection.js';

/**
 * The operators: pure functions of tensors, named and defined as ONNX has them. Every front end maps its own operators onto these, and
 * what is written to ONNX is the same node again.
 */
export const OPERATORS: Operators = { ...MOVEMENT, ...SELECTION, ...ARITHMETIC, ...REDUCTIONS, ...NORMALISATION, ...PRODUCTS };
