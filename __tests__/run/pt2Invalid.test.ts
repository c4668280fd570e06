import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { specFromProgram } from '../../src/conventions/pt2/index.js';
import { RnnError } from '../../src/errors.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';

/** Programs that PyTorch does not run, or runs otherwise than what they state: each of the recorded ones with one thing changed. */
const folder = join(__dirname, '..', 'reference', 'pt2');
const cases = readdirSync(folder)
  .filter(name => name.endsWith('.pt2'))
  .map(name => name.slice(0, -'.pt2'.length));

interface Node {
  readonly target: string;
  inputs: { name: string; arg: Record<string, unknown> }[];
  readonly outputs: { as_tensor?: { name: string }; as_tensors?: { name: string }[] }[];
}
interface Program {
  readonly graph_module: {
    readonly graph: { readonly nodes: Node[]; readonly tensor_values: Record<string, { sizes: { as_int?: number }[] }> };
  };
}

/** @returns what is thrown for the changed program: its error, or undefined where it is read */
async function reader(name: string): Promise<(change: (program: Program) => void) => RnnError | undefined> {
  const { architecture, tensors } = await readTensorFile(join(folder, `${name}.pt2`));
  return change => {
    const program = structuredClone(architecture) as Program;
    change(program);
    try {
      specFromProgram(program, tensors);
    } catch (error) {
      if (error instanceof RnnError) return error;
      throw error;
    }
    return undefined;
  };
}

const find = ({ graph_module: { graph } }: Program, target: string) => graph.nodes.find(n => n.target === `torch.ops.aten.${target}`)!;
const argument = (node: Node, name: string) => node.inputs.find(input => input.name === name)!;

it.each(cases)('%s: no size of a computed value can be another than the one stated', async name => {
  const read = await reader(name);
  expect(read(() => {})).toBeUndefined();
  const { architecture } = await readTensorFile(join(folder, `${name}.pt2`));
  const { nodes, tensor_values } = (architecture as Program).graph_module.graph;
  // zeros and the states of a module have no value of their own here
  const computed = nodes.filter(
    ({ target }) => !/\.(zeros|new_zeros|zeros_like|lstm|gru|rnn_tanh|rnn_relu|full)\.|lift_fresh|_assert/.test(target),
  );
  const passed = computed.flatMap(({ target, outputs }) =>
    [outputs[0]?.as_tensor ?? outputs[0]?.as_tensors?.[0]].flatMap(value => {
      const axis = value ? tensor_values[value.name].sizes.findIndex(size => (size.as_int ?? 0) > 1) : -1;
      if (!value || axis < 0) return [];
      const error = read(program => {
        program.graph_module.graph.tensor_values[value.name].sizes[axis].as_int! += 1;
      });
      return error ? [] : [`${target} ${value.name}`];
    }),
  );
  expect(passed).toEqual([]);
});

describe('a call', () => {
  it.each([
    ['lstm', 'lstm.input', 'hx'],
    ['lstm', 'lstm.input', 'dropout'],
    ['lstm', 'lstm.input', 'batch_first'],
    ['bi_hn', 'gru.input', 'num_layers'],
    ['cell_loop', 'lstm_cell.default', 'w_hh'],
    ['images', 'max_pool2d.default', 'kernel_size'],
    ['mlp', 'linear.default', 'weight'],
    ['attention_masks', 'scaled_dot_product_attention.default', 'key'],
    ['functions', 'softplus.default', 'self'],
  ])('of %s without what PyTorch needs is refused: %s without %s', async (name, target, argument) => {
    const read = await reader(name);
    const error = read(program => {
      const node = find(program, target);
      node.inputs = node.inputs.filter(input => input.name !== argument);
    });
    expect(error).toMatchObject({
      code: 'E_PT2_GRAPH',
      where: `aten.${target}`,
      message: expect.stringContaining(`argument ${argument} is missing`),
    });
  });

  it.each([
    ['lstm', 'lstm.input', 'params', 'dropout'],
    ['bi_hn', 'gru.input', 'params', 'dropout'],
    ['lstm', 'lstm.input', 'num_layers', 'bidirectional'],
    ['attention_masks', 'lt.Scalar', 'self', 'other'],
    ['mha', 'zeros.default', 'pin_memory', 'dtype'],
    ['images', 'max_pool2d.default', 'self', 'kernel_size'],
  ])('of %s with arguments of other kinds is refused: %s with %s for %s', async (name, target, one, other) => {
    const read = await reader(name);
    const error = read(program => {
      const [a, b] = [one, other].map(key => argument(find(program, target), key));
      [a.arg, b.arg] = [b.arg, a.arg];
    });
    expect(error).toMatchObject({ code: 'E_PT2_GRAPH', where: `aten.${target}`, message: expect.stringContaining('is of another kind') });
  });
});

describe('a recurrent module', () => {
  it('with other directions or layers than it has parameters for is refused', async () => {
    const read = await reader('lstm');
    const changes: readonly ((node: Node) => void)[] = [
      node => Object.assign(argument(node, 'bidirectional').arg, { as_bool: true }),
      node => Object.assign(argument(node, 'num_layers').arg, { as_int: 2 }),
      node => Object.assign(argument(node, 'has_biases').arg, { as_bool: false }),
      node => (argument(node, 'params').arg.as_tensors as object[]).pop(),
    ];
    for (const change of changes)
      expect(read(program => change(find(program, 'lstm.input')))).toMatchObject({
        code: 'E_PT2_GRAPH',
        kind: 'shape',
        where: expect.stringContaining('params'),
      });
  });

  it('whose parameters are in another order is refused, each by its shape', async () => {
    const read = await reader('lstm');
    for (const [i, j] of [
      [0, 2],
      [1, 3],
      [0, 1],
    ]) {
      const error = read(program => {
        const tensors = argument(find(program, 'lstm.input'), 'params').arg.as_tensors as object[];
        [tensors[i], tensors[j]] = [tensors[j], tensors[i]];
      });
      expect(error).toMatchObject({ code: 'E_PT2_GRAPH', kind: 'shape' });
    }
  });

  it('with first states of another width or count is refused, zeros or not', async () => {
    const read = await reader('proj');
    for (const axis of [0, 1, 2]) {
      const error = read(program => {
        (argument(find(program, 'zeros.default'), 'size').arg.as_ints as number[])[axis] += 1;
      });
      expect(error).toMatchObject({ code: 'E_PT2_GRAPH', kind: 'shape' });
    }
  });

  it('a later step of a cell over values of another width is refused', async () => {
    const read = await reader('cell_loop');
    const error = read(program => {
      const cells = program.graph_module.graph.nodes.filter(n => n.target.includes('lstm_cell'));
      argument(cells[2], 'input').arg = { as_tensor: cells[1].outputs[0].as_tensor };
    });
    expect(error).toMatchObject({ code: 'E_PT2_GRAPH', kind: 'shape', where: expect.stringContaining('input'), expected: '3', found: '5' });
  });

  it('a cell with another bias than in the step before has weights of its own', async () => {
    const { architecture, tensors } = await readTensorFile(join(folder, 'cell_loop.pt2'));
    const cells = (architecture as Program).graph_module.graph.nodes.filter(n => n.target.includes('lstm_cell'));
    const kept = specFromProgram(structuredClone(architecture), tensors);
    argument(cells[1], 'b_hh').arg = argument(cells[1], 'b_ih').arg;
    const changed = specFromProgram(architecture, tensors);
    const shared = ({ spec }: typeof kept) =>
      (spec.layers as { kind: string; shares?: string }[]).filter(l => l.kind === 'lstm' && !l.shares).length;
    expect([shared(kept), shared(changed)]).toEqual([1, 2]);
    const [own] = [...changed.weights].filter(([key]) => key.includes('#2/bh')).map(([, t]) => t);
    const M = own.shape[1];
    expect(Array.from(own.data.slice(0, M))).toEqual(Array.from(own.data.slice(M)));
  });
});
