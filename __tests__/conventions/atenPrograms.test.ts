import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { specFromProgram } from '../../src/conventions/pt2/index.js';
import { runInMemory } from '../../src/run/inMemory.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';

/**
 * Programs of one line each, as torch.export writes them, with what PyTorch gives for it (scripts/live/aten.py): every rule for an ATen operator, with
 * arguments that are not the usual ones. A case is named by its line.
 */
interface Case {
  readonly line: string;
  readonly nodes: readonly object[];
  /** type and sizes */
  readonly values: Readonly<Record<string, readonly [dtype: number, sizes: readonly number[]]>>;
  readonly inputs: readonly string[];
  /** value -> name of a constant */
  readonly buffers: Readonly<Record<string, string>>;
  readonly constants: Readonly<Record<string, Numbers>>;
  readonly output: string;
  readonly shape: readonly number[];
  readonly y: readonly (number | string)[];
}
interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Recorded {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly constants: Readonly<Record<string, Numbers>>;
  readonly cases: readonly Case[];
}
const { inputs, constants, cases }: Recorded = JSON.parse(readFileSync(join(__dirname, '..', 'reference', 'atenPrograms.json'), 'utf8'));

const named = (name: string) => ({ as_tensor: { name } });
function programOf(c: Case): object {
  const buffer = ([value, name]: readonly [string, string]) => ({
    buffer: { arg: { name: value }, buffer_name: name, persistent: true },
  });
  const constant = (name: string) => ({ tensor_constant: { arg: { name }, tensor_constant_name: name } });
  const values = Object.entries(c.values).map(([name, [dtype, sizes]]) => [name, { dtype, sizes: sizes.map(as_int => ({ as_int })) }]);
  return {
    schema_version: { major: 8 },
    graph_module: {
      graph: { nodes: c.nodes, tensor_values: Object.fromEntries(values) },
      signature: {
        input_specs: [
          ...Object.entries(c.buffers).map(buffer),
          ...Object.keys(c.constants).map(constant),
          ...c.inputs.map(name => ({ user_input: { arg: named(name) } })),
        ],
        output_specs: [{ user_output: { arg: named(c.output) } }],
      },
    },
  };
}

const numbers = ({ shape, data }: Numbers): Tensor => tensor(shape, Float64Array.from(data));
const given = (name: string) => tensor([2, 3, 4], Float64Array.from(inputs[name]));

it.each(cases.map(c => [c.line, c] as const))('%s', async (_, c) => {
  const tensors = new Map(Object.entries({ ...constants, ...c.constants }).map(([name, value]) => [name, numbers(value)]));
  const { spec, weights } = specFromProgram(programOf(c), tensors);
  const [first, ...others] = c.inputs;
  const input = { x: given(first), ...(others.length > 0 ? { others: new Map(others.map(name => [name, given(name)])) } : {}) };
  const { y } = (await runInMemory({ spec, weights, input })).output;
  expect(y.shape).toEqual(c.shape);
  const expected = c.y.map(Number);
  const scale = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
  for (const [k, v] of y.data.entries()) {
    if (Number.isFinite(expected[k])) expect(Math.abs(v - expected[k])).toBeLessThanOrEqual(3e-6 * scale);
    else expect(v).toBe(expected[k]);
  }
});
