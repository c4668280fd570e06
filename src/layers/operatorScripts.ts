import { RnnError } from '../errors.js';
import type { Script, ScriptCall, ScriptFacet } from './facets.js';
import type { Operand, OperatorSpec } from './operatorFields.js';
import { pythonText } from './python.js';

/** Operators as lines of Python: NumPy and keras.ops share most names, PyTorch has its own for some. */

type Library = 'np' | 'keras.ops' | 'torch';

/** What a rule writes from. */
interface Line {
  readonly lib: Library;
  readonly attributes: OperatorSpec['attributes'];
  /** Python of operand i; undefined where there is none */
  x(i: number): string;
  readonly all: readonly string[];
  /** numbers of a constant operand; undefined where it is none */
  numbers(i: number): readonly number[] | undefined;
  isScalar(i: number): boolean;
  readonly rank: number;
}

type Rule = (line: Line) => string | undefined;

const infix =
  (sign: string): Rule =>
  ({ all }) =>
    `(${all.join(` ${sign} `)})`;
const called =
  (name: string, torch = name): Rule =>
  ({ lib, all }) =>
    `${lib}.${lib === 'torch' ? torch : name}(${all.join(', ')})`;
const folded =
  (name: string): Rule =>
  ({ lib, all }) =>
    all.reduce((a, b) => `${lib}.${name}(${a}, ${b})`);
/** an expression with x in the place of the operand */
const formula =
  (text: string): Rule =>
  ({ lib, x }) =>
    text.replaceAll('LIB', lib).replaceAll('X', x(0));

function reduction(name: string, torch: string): Rule {
  return ({ lib, x, numbers, attributes, all, rank }) => {
    const axes = numbers(1) ?? (all.length > 1 ? undefined : Array.from({ length: rank }, (_, i) => i));
    if (!axes || (lib === 'torch' && torch === 'prod' && axes.length !== 1)) return undefined;
    const keep = Number(attributes.keepdims ?? 1) === 1 ? 'True' : 'False';
    const where = axes.length === 1 ? String(axes[0]) : pythonText(axes);
    return lib === 'torch' ? `${x(0)}.${torch}(${where}, ${keep})` : `${lib}.${name}(${x(0)}, axis=${where}, keepdims=${keep})`;
  };
}

const argument =
  (name: string): Rule =>
  ({ lib, x, attributes }) => {
    if (Number(attributes.select_last_index ?? 0) !== 0) return undefined;
    const [axis, keep] = [attributes.axis ?? 0, Number(attributes.keepdims ?? 1) === 1 ? 'True' : 'False'];
    return lib === 'torch' ? `${x(0)}.${name}(${axis}, ${keep})` : `${lib}.${name}(${x(0)}, axis=${axis}, keepdims=${keep})`;
  };

/** x[:, 1:3] */
const slice: Rule = ({ lib, x, numbers, rank }) => {
  const [starts, ends] = [numbers(1), numbers(2)];
  if (!starts || !ends) return undefined;
  const axes = numbers(3) ?? starts.map((_, i) => i);
  const steps = numbers(4) ?? starts.map(() => 1);
  if (lib !== 'np' && steps.some(step => step < 0)) {
    // of tensors whole axes alone can be turned round
    if (!steps.every((step, i) => step === -1 && (starts[i] === -1 || starts[i] >= 2 ** 31 - 1) && ends[i] <= -(2 ** 31))) return undefined;
    return `${lib}.flip(${x(0)}, ${pythonText(axes)})`;
  }
  const parts = Array.from({ length: rank }, () => ':');
  axes.forEach((axis, i) => {
    const open = steps[i] > 0 ? ends[i] >= 2 ** 31 - 1 : ends[i] <= -(2 ** 31);
    const from = steps[i] < 0 && (starts[i] === -1 || starts[i] >= 2 ** 31 - 1) ? '' : starts[i] || '';
    parts[axis < 0 ? axis + rank : axis] = `${from}:${open ? '' : ends[i]}${steps[i] === 1 ? '' : `:${steps[i]}`}`;
  });
  return `${x(0)}[${parts.join(', ').replace(/(, :)+$/, '')}]`;
};

const gather: Rule = ({ lib, x, numbers, isScalar, attributes, rank, all }) => {
  const axis = Number(attributes.axis ?? 0);
  const at = numbers(1);
  const whole = lib === 'np' ? `${x(1)}.astype(int)` : `keras.ops.cast(${x(1)}, "int32")`;
  if (lib !== 'torch') return `${lib}.take(${x(0)}, ${at ? all[1] : whole}, axis=${axis})`;
  if (!at) return undefined;
  const before = ':, '.repeat(axis < 0 ? axis + rank : axis);
  return `${x(0)}[${before}${isScalar(1) ? at[0] : `[${at.join(', ')}]`}]`;
};

const reshape: Rule = ({ lib, x, numbers, attributes }) => {
  const shape = numbers(1);
  if (!shape || Number(attributes.allowzero ?? 0) === 1) return undefined;
  const sizes = shape.map((n, i) => (n === 0 ? `${x(0)}.shape[${i}]` : String(n)));
  return `${lib}.reshape(${x(0)}, (${sizes.join(', ')}${sizes.length === 1 ? ',' : ''}))`;
};

const transpose: Rule = ({ lib, x, attributes, rank }) => {
  const perm = attributes.perm ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return `${lib === 'torch' ? 'torch.permute' : `${lib}.transpose`}(${x(0)}, ${pythonText(perm)})`;
};

const unsqueeze: Rule = ({ lib, x, numbers }) => {
  const axes = numbers(1);
  if (!axes || (axes.length > 1 && axes.some(a => a < 0))) return undefined;
  return [...axes]
    .sort((a, b) => a - b)
    .reduce((y, axis) => `${lib}.${lib === 'torch' ? 'unsqueeze' : 'expand_dims'}(${y}, ${axis})`, x(0));
};

const squeeze: Rule = ({ lib, x, numbers }) => {
  const axes = numbers(1);
  if (!axes) return undefined;
  return `${lib}.squeeze(${x(0)}, ${axes.length === 1 ? axes[0] : pythonText(axes)})`;
};

/** float, whole number, truth value */
const TYPES: Readonly<Record<number, readonly [np: string, keras: string, torch: string]>> = {
  1: ['float', 'float32', 'float'],
  6: ['int', 'int32', 'long'],
  7: ['int', 'int32', 'long'],
  9: ['bool', 'bool', 'bool'],
};

const cast: Rule = ({ lib, x, attributes }) => {
  const type = TYPES[Number(attributes.to)];
  if (!type) return undefined;
  if (lib === 'np') return `np.asarray(${x(0)}).astype(${type[0]})`;
  return lib === 'torch' ? `${x(0)}.${type[2]}()` : `keras.ops.cast(${x(0)}, "${type[1]}")`;
};

const softmax: Rule = ({ lib, x, attributes }) => {
  const axis = attributes.axis ?? -1;
  if (lib !== 'np') return lib === 'torch' ? `torch.softmax(${x(0)}, ${axis})` : `keras.ops.softmax(${x(0)}, axis=${axis})`;
  return `softmax_along(${x(0)}, ${axis})`;
};

const NUMPY_HELPERS = `
def softmax_along(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)
`;

const RULES: Readonly<Record<string, Rule>> = {
  Add: infix('+'),
  Sub: infix('-'),
  Mul: infix('*'),
  Div: infix('/'),
  Pow: infix('**'),
  Sum: infix('+'),
  MatMul: infix('@'),
  Equal: infix('=='),
  Less: infix('<'),
  Greater: infix('>'),
  LessOrEqual: infix('<='),
  GreaterOrEqual: infix('>='),
  And: called('logical_and'),
  Or: called('logical_or'),
  Not: called('logical_not'),
  Max: folded('maximum'),
  Min: folded('minimum'),
  Where: called('where'),
  Neg: formula('(-X)'),
  Reciprocal: formula('(1 / X)'),
  Identity: formula('X'),
  Relu: ({ lib, x }) => (lib === 'np' ? `np.maximum(${x(0)}, 0)` : `${lib}.relu(${x(0)})`),
  Sigmoid: formula('(1 / (1 + LIB.exp(-X)))'),
  ...Object.fromEntries(
    ['Abs', 'Exp', 'Log', 'Sqrt', 'Sin', 'Cos', 'Tan', 'Tanh', 'Sinh', 'Cosh', 'Sign', 'Floor', 'Ceil', 'Round', 'IsNaN', 'IsInf'].map(
      op => [op, called(op.toLowerCase())],
    ),
  ),
  ReduceSum: reduction('sum', 'sum'),
  ReduceMean: reduction('mean', 'mean'),
  ReduceMax: reduction('max', 'amax'),
  ReduceMin: reduction('min', 'amin'),
  ReduceProd: reduction('prod', 'prod'),
  ArgMax: argument('argmax'),
  ArgMin: argument('argmin'),
  Concat: ({ lib, all, attributes }) => `${lib}.${lib === 'torch' ? 'cat' : 'concatenate'}([${all.join(', ')}], ${attributes.axis})`,
  Slice: slice,
  Gather: gather,
  Reshape: reshape,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Cast: cast,
  Softmax: softmax,
  Einsum: ({ lib, all, attributes }) => `${lib}.einsum(${JSON.stringify(attributes.equation)}, ${all.join(', ')})`,
  Tile: ({ lib, x, numbers }) => numbers(1) && `${lib}.tile(${x(0)}, ${pythonText(numbers(1))})`,
};

function written(lib: Library): Script<OperatorSpec> {
  return {
    helpers: lib === 'np' ? NUMPY_HELPERS : '',
    expression(layer, call) {
      const operands = layer.operands ?? call.inputs.map(() => null);
      const all = operandTexts(operands, call, lib);
      const rule = RULES[layer.op];
      const text = rule?.({
        lib,
        attributes: layer.attributes,
        all,
        x: i => all[i],
        numbers: i => operands[i]?.data,
        isScalar: i => operands[i]?.shape.length === 0,
        rank: call.shapes[0]?.length ?? 0,
      });
      if (text !== undefined) return text;
      throw new RnnError('unsupported', 'E_EMIT', `a script with ${layer.op} of these operands is not written`, {
        where: '--emit',
        found: layer.op,
        fix: 'convert the network to .onnx',
      });
    },
  };
}

/** Names of the inputs, constants where the operands name them. */
function operandTexts(operands: readonly Operand[], { inputs }: ScriptCall, lib: Library): string[] {
  let next = 0;
  return operands.map(operand => (operand === null ? inputs[next++] : constantText(operand, lib)));
}

function constantText({ type, shape, data }: Exclude<Operand, null>, lib: Library): string {
  const word = (v: number) => (type === 'bool' ? pythonText(v !== 0) : pythonText(v));
  if (shape.length === 0) return data[0] < 0 ? `(${word(data[0])})` : word(data[0]);
  const array = { np: 'np.array', 'keras.ops': 'np.array', torch: 'torch.tensor' }[lib];
  const kind = type !== 'float' ? '' : lib === 'torch' ? ', dtype=torch.float32' : lib === 'np' ? ', dtype=float' : ', dtype="float32"';
  const text = `${array}([${[...data].map(word).join(', ')}]${kind}).reshape(${pythonText(shape)})`;
  // two arrays of NumPy stay one, which not every backend multiplies with a tensor
  return lib === 'keras.ops' && type === 'float' ? `keras.ops.convert_to_tensor(${text})` : text;
}

export const operatorScripts: ScriptFacet<OperatorSpec> = { numpy: written('np'), torch: written('torch'), keras: written('keras.ops') };
