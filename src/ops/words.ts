import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';

/** Attributes with a few possible words, by operator and name, that operators read as one word or any other. Of other attributes, `choice` checks the word. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Gelu approximate$/, 'none tanh'],
  [/(Pool|^Conv\w*) auto_pad$/, 'NOTSET SAME_UPPER SAME_LOWER VALID'],
  [/^BitShift direction$/, 'LEFT RIGHT'],
  [/^(DepthToSpace|SpaceToDepth) mode$/, 'DCR CRD'],
  [/^TensorScatter mode$/, 'linear circular'],
  [/Loss reduction$/, 'mean sum none'],
];

/** Checks a word, of an ONNX node as of an operator in a spec. @throws RnnError E_ONNX_ATTRIBUTE if the operator does not know it */
export function checkWord(opType: string, name: string, value: string): void {
  const words = WORDS.find(([places]) => places.test(`${opType} ${name}`))?.[1].split(' ');
  if (!words || words.includes(value)) return;
  const found = escapeText(value, 40);
  throw new RnnError('format', 'E_ONNX_ATTRIBUTE', `${name} is '${found}'`, { where: name, expected: words.join(', '), found });
}
