import { join } from 'node:path';
import { manualKernels } from '../../src/engines/manual.js';
import { RnnError } from '../../src/errors.js';
import type { OnnxAttribute } from '../../src/formats/onnx/graph.js';
import { OPERATORS } from '../../src/ops/index.js';
import type { GraphValue } from '../../src/ops/value.js';
import { sizeOf } from '../../src/tensor/tensor.js';
import { testSections } from '../helpers/sectionTable.js';

/**
 * What every operator makes of inputs that any graph may hand it: the shape, type and first numbers of its outputs, or its refusal in full; never an
 * error of the program. In operatorAnswers.txt (UPDATE_OUT=1 npx jest engines/operatorAnswers writes it anew, for a person to read). That the numbers
 * are ONNX' is tested beside ONNX Runtime (operators, onnxCases, onnxOperators).
 */
const table = join(__dirname, 'operatorAnswers.txt');
const float = (...shape: number[]): GraphValue => ({
  kind: 'float',
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, k) => ((k * 7) % 11) / 8 - 0.625),
});
const whole = (...values: number[]): GraphValue => ({ kind: 'int', shape: [values.length], data: Float64Array.from(values) });
const INPUTS: Readonly<Record<string, GraphValue>> = {
  s: float(),
  v: float(3),
  m: float(2, 3),
  q: float(3, 3),
  t: float(1, 2, 4, 4),
  w: float(2, 2, 2, 2),
  i: whole(1, -2),
  n: whole(0, 1, 7),
  b: { kind: 'bool', shape: [2, 3], data: Float64Array.of(1, 0, 1, 1, 0, 0) },
};
const CALLS = [
  '',
  's',
  'v',
  'm',
  't',
  'i',
  'b',
  'm m',
  'm v',
  'm i',
  'm q',
  'q n',
  't w',
  't i',
  'i n',
  'b m m',
  'm v v',
  't v v v v',
  'm n m',
];
const ATTRIBUTES: Readonly<Record<string, OnnxAttribute>> = {
  axis: { type: 'int', value: 5n },
  keepdims: { type: 'int', value: 0n },
  kernel_shape: { type: 'ints', value: [2n, 2n] },
  to: { type: 'int', value: 6n },
};

const round = (v: number) => (Number.isFinite(v) ? String(Number(v.toPrecision(5))) : String(v));
function shown({ kind, type, shape, data, items }: GraphValue): string {
  if (items) return `sequence of ${items.length}`;
  const more = data.length > 6 ? ' …' : '';
  return `${type ?? kind} [${shape.join(', ')}] ${Array.from(data.slice(0, 6), round).join(' ')}${more}`;
}

const kernels = manualKernels('f64');
function answer(op: string, call: string, attribute?: string): string {
  const inputs = call
    .split(' ')
    .filter(Boolean)
    .map(name => INPUTS[name]);
  const attributes = new Map(attribute ? [[attribute, ATTRIBUTES[attribute]]] : []);
  const node = { name: 'node', opType: op, domain: '', inputs: call.split(' ').filter(Boolean), outputs: ['y'], attributes };
  try {
    return OPERATORS[op].run({ node, opset: 21, inputs, kernels }).map(shown).join('; ');
  } catch (error) {
    if (!(error instanceof RnnError)) return `ERROR OF THE PROGRAM ${error}`;
    const { code, message, expected, found, fix } = error;
    return [`${code} ${message}`, expected && `expected ${expected}`, found && `found ${found}`, fix].filter(Boolean).join('; ');
  }
}

/** Answers that are the same stand in one line. */
function answersOf(op: string): string[] {
  const lines = new Map<string, string[]>();
  const add = (call: string, said: string) => lines.set(said, [...(lines.get(said) ?? []), call]);
  for (const call of CALLS) add(`(${call})`, answer(op, call));
  for (const name of OPERATORS[op].attributes.filter(name => name in ATTRIBUTES))
    for (const call of ['m', 't', 'm i']) add(`(${call}; ${name})`, answer(op, call, name));
  return [...lines].map(([said, calls]) => `${calls.join(' ')}  ${said}`);
}

testSections(table, Object.keys(OPERATORS).sort(), op => {
  const lines = answersOf(op);
  expect(lines.join('\n')).not.toContain('ERROR OF THE PROGRAM');
  return lines;
});
