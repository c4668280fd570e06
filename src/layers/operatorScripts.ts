import { RnnError } from '../errors.js';
import type { Script, ScriptFacet } from './facets.js';
import type { Operand, OperatorSpec } from './operatorFields.js';
import type { Line } from './operatorLine.js';
import { lineOf } from './operatorLines.js';
import { OWN, PYTHON } from './operatorPython.js';
import { operandsAmong } from './operatorShapes.js';
import { givenType, operandTypes, type ValueType } from './operatorTypes.js';
import { castText, pythonText, realText } from './python.js';

/** Writes operators as Python. Symbolic sizes are replaced by those of the script's input; the line of each operator is in operatorLines.ts. */
function written(lib: Line['lib']): Script<OperatorSpec> {
  const array = { np: 'np.array', torch: 'torch.tensor', 'keras.ops': 'keras.ops.convert_to_tensor' }[lib];
  const join = lib === 'torch' ? 'torch.cat' : `${lib}.concatenate`;
  return {
    helpers: `${PYTHON.replaceAll('LIB', lib).replaceAll('ARRAY', array).replaceAll('JOIN', join).trim()}\n\n${OWN[lib]}`,
    expression(layer, call) {
      const operands: readonly Operand[] = layer.operands ?? call.inputs.map(() => null);
      const types = operandTypes(layer.op, operands, call.types);
      const shapes = operandsAmong(layer, call.shapes, ({ shape }) => shape.map(size => ({ symbol: '', size })));
      const given = operandsAmong(layer, call.types, () => 'f32' as const);
      const names = operandsAmong(layer, call.inputs, () => '');
      const text = (asArray: boolean) =>
        operands.map((operand, i) =>
          operand ? constantText(operand, types[i], lib, asArray) : castText(names[i], given[i], types[i], lib),
        );
      const known = call.output.numbers?.map(n => n.size);
      if (known && !known.includes(null) && givenType(layer, types) === 'i64')
        return constantText({ type: 'int', shape: call.output.map(d => d.size!), data: known as number[] }, 'i64', lib, true);
      const outputs = [call.output, ...call.others].map(shape => shape.map(d => d.size ?? -1));
      const line = lineOf({
        lib,
        layer,
        types,
        all: text(false),
        arrays: text(lib === 'torch'),
        shapes: shapes.map(shape => shape.map(d => d.size ?? -1)),
        outputs: layer.op === 'Split' || call.wantsOthers ? outputs : outputs.slice(0, 1),
        numbers(i) {
          const sizes = shapes[i]?.numbers?.map(n => n.size);
          return operands[i]?.data ?? (sizes?.includes(null) ? undefined : (sizes as number[] | undefined));
        },
        activation: call.activation,
      });
      if (line === undefined || (call.wantsOthers && !TUPLES.has(layer.op))) throw notWritten(layer.op);
      const first = TUPLES.has(layer.op) && !call.wantsOthers ? `${line}[0]` : line;
      return layer.op === 'Cast' ? castText(first, types[0], givenType(layer, types), lib) : first;
    },
    type: (layer, types) => givenType(layer, operandTypes(layer.op, layer.operands ?? types.map(() => null), types)),
  };
}

/** Operators whose line returns all outputs as a tuple. */
const TUPLES = new Set(['Split', 'TopK']);

function notWritten(op: string): RnnError {
  return new RnnError('unsupported', 'E_EMIT', `--emit does not support ${op} with these operands`, {
    where: '--emit',
    found: op,
    fix: 'convert the network to .onnx',
  });
}

/** @param asArray whether a single number becomes an array, too */
function constantText({ shape, data }: Exclude<Operand, null>, type: ValueType, lib: Line['lib'], asArray: boolean): string {
  const word = (v: number) => (type === 'bool' ? pythonText(v !== 0) : type === 'f32' ? realText(v) : pythonText(v));
  if (shape.length === 0 && !asArray) return data[0] < 0 ? `(${word(data[0])})` : word(data[0]);
  const numbers = shape.length === 0 ? word(data[0]) : `[${[...data].map(word).join(', ')}]`;
  const flat = lib === 'torch' ? `torch.tensor(${numbers}` : `np.array(${numbers}`;
  const named = {
    f32: { torch: 'torch.float32', np: 'float', 'keras.ops': '"float32"' },
    i64: { torch: 'torch.long', np: 'int', 'keras.ops': '"int32"' },
  };
  const text = type === 'bool' ? `${flat})` : `${flat}, dtype=${named[type][lib]})`;
  const shaped = shape.length < 2 ? text : `${text}.reshape(${pythonText(shape)})`;
  // an operation on two NumPy arrays gives a NumPy array, which some Keras backends cannot multiply with a tensor
  return lib === 'keras.ops' ? `keras.ops.convert_to_tensor(${shaped})` : shaped;
}

export const operatorScripts: ScriptFacet<OperatorSpec> = { numpy: written('np'), torch: written('torch'), keras: written('keras.ops') };
