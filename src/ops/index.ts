import { ARITHMETIC } from './arithmetic.js';
import { BITS } from './bits.js';
import { CARRIED } from './carried.js';
import { CONTROL } from './control.js';
import { CONV_TRANSPOSE } from './convTranspose.js';
import { DISTINCT } from './distinct.js';
import { EINSUM } from './einsum.js';
import { FUSED } from './fused.js';
import { LOSSES } from './losses.js';
import { MOVEMENT } from './movement.js';
import { NORMALISATION } from './normalisation.js';
import type { Operators } from './operator.js';
import { PADDING } from './padding.js';
import { PLACING } from './placing.js';
import { PRODUCTS } from './products.js';
import { QUANTISED } from './quantised.js';
import { QUANTISED_SPACE } from './quantisedSpace.js';
import { REDUCTIONS } from './reductions.js';
import { RESIZE } from './resize.js';
import { SAMPLING } from './sampling.js';
import { SELECTION } from './selection.js';
import { SEQUENCES } from './sequences.js';
import { SPECTRUM } from './spectrum.js';
import { SPREADING } from './spreading.js';
import { WINDOWS } from './windows.js';

/**
 * The operators: pure functions of tensors, named and defined as in ONNX. Every front end maps its operators onto these, and an ONNX file is
 * written with the same nodes.
 */
export const OPERATORS: Operators = {
  ...MOVEMENT,
  ...SELECTION,
  ...PLACING,
  ...ARITHMETIC,
  ...BITS,
  ...REDUCTIONS,
  ...NORMALISATION,
  ...PRODUCTS,
  ...WINDOWS,
  ...CONV_TRANSPOSE,
  ...RESIZE,
  ...PADDING,
  ...EINSUM,
  ...QUANTISED,
  ...QUANTISED_SPACE,
  ...SPECTRUM,
  ...FUSED,
  ...SEQUENCES,
  ...SAMPLING,
  ...SPREADING,
  ...DISTINCT,
  ...LOSSES,
  ...CARRIED,
  ...CONTROL,
};
