import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { specFromProgram } from '../../src/conventions/pt2/index.js';
import { readZip } from '../../src/formats/bytes/zip.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { memorySource } from '../../src/formats/source.js';
import { runConvert } from '../../src/run/convert.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { runForward } from '../../src/run/forward.js';
import { readArrays } from '../../src/run/input/input.js';
import { fileLimits } from '../../src/run/limits.js';
import { shapesInFile } from '../../src/run/network/fileCounts.js';
import { loadNetwork } from '../../src/run/network/network.js';
import { runShapes } from '../../src/run/shapes.js';
import { load } from '../../src/tensor/lazy.js';
import { sizeOf } from '../../src/tensor/tensor.js';
import { flat } from '../helpers/files.js';
import { withFolder } from '../helpers/inputFile.js';
import { referencePath } from '../helpers/reference.js';
import { writeZip } from '../helpers/writeZip.js';

/** Programs saved by torch.export.save (PyTorch 2.13), each with an input and what PyTorch computes from it. */
const folder = join(__dirname, '..', 'reference', 'pt2');
const cases = readdirSync(folder)
  .filter(name => name.endsWith('.pt2'))
  .map(name => name.slice(0, -'.pt2'.length));

it('there are programs to run', () => {
  expect(cases.length).toBeGreaterThan(10);
});

it.each(cases)('%s gives what PyTorch gave', async name => {
  const model = join(folder, `${name}.pt2`);
  const { tensors } = await readArrays(join(folder, `${name}.y.npz`), []);
  const recorded = [...tensors.values()];
  for (const engine of ['batched', 'manual'] as const) {
    const result = await runForward({ model, input: join(folder, `${name}.x.npy`), engine });
    expect(result.assumptions).toEqual([]);
    expect(result.outputs.map(o => o.shape)).toEqual(recorded.map(t => t.shape));
    result.outputs.forEach((output, i) => {
      const scale = Math.max(...recorded[i].data.map(Math.abs));
      const differences = flat(output.y).map((v, k) => Math.abs(v - recorded[i].data[k]));
      expect(Math.max(...differences)).toBeLessThanOrEqual(3e-6 * scale);
    });
  }
});

it('shows the modules of the program as layers with their names', async () => {
  const network = await loadNetwork({ model: join(folder, 'bi2.pt2') });
  const { layers, totals } = shapesInFile(network);
  expect(layers.map(l => [l.name, l.kind])).toEqual([
    ['rnn.l0', 'lstm'],
    ['rnn.l1', 'lstm'],
    ['select', 'last'],
    ['fc', 'dense'],
  ]);
  // 2·4·5·(3+5+2) + 2·4·5·(10+5+2) + 2·(10+1)
  expect(totals.params).toBe(1102);
});

it.each(cases)('%s: every parameter of the file is counted, and moving statistics beside them', async name => {
  const path = join(folder, `${name}.pt2`);
  const { tensors, architecture } = await readTensorFile(path);
  const { totals } = shapesInFile(await loadNetwork({ model: path }));
  type Spec = { parameter?: { parameter_name: string } };
  const specs = (architecture as { graph_module: { signature: { input_specs: Spec[] } } }).graph_module.signature.input_specs;
  const numbers = (names: Iterable<string>) => [...names].reduce((sum, key) => sum + sizeOf(tensors.get(key)!.shape), 0);
  const names = specs.flatMap(({ parameter }) => (parameter ? [parameter.parameter_name] : []));
  // what has the same numbers is one tensor under two names
  const parameters = numbers(new Map(names.map(key => [String(load(tensors.get(key)!)), key])).values());
  const statistics = numbers([...tensors.keys()].filter(key => /running_(mean|var)$/.test(key)));
  expect(totals.byFramework.torch).toBe(parameters);
  expect([totals.trainable, totals.nonTrainable]).toEqual([parameters, totals.params === parameters ? 0 : statistics]);
});

it('a parameter under two names is counted once, and not as trained where it is frozen', async () => {
  await withFolder(async out => {
    const source = memorySource(readFileSync(join(folder, 'bi2.pt2')));
    const members = new Map(
      await Promise.all((await readZip(source, fileLimits().read, [])).map(async m => [m.name, await m.read()] as const)),
    );
    const name = [...members.keys()].find(key => key.endsWith('weights_config.json'))!;
    const { config } = JSON.parse(new TextDecoder().decode(members.get(name)));
    config['rnn.bias_hh_l0'].path_name = config['rnn.bias_ih_l0'].path_name;
    config['fc.weight'].tensor_meta.requires_grad = false;
    members.set(name, new TextEncoder().encode(JSON.stringify({ config })));
    const tied = join(out, 'tied.pt2');
    writeFileSync(tied, await writeZip(members));
    const { totals, notes } = shapesInFile(await loadNetwork({ model: tied }));
    // 4·5 numbers of the bias, 2·10 of the frozen kernel
    expect([totals.params, totals.trainable, totals.byFramework.torch]).toEqual([1102 - 20, 1102 - 40, 1102 - 20]);
    expect(notes.join()).toContain('as the file lists its parameters');
  });
});

it('first states of another number of samples, which PyTorch refuses, are refused though they are zeros', async () => {
  const { architecture, tensors } = await readTensorFile(join(folder, 'bi_hn.pt2'));
  expect(specFromProgram(architecture, tensors).spec).toBeDefined();
  const program = JSON.parse(JSON.stringify(architecture));
  const gru = program.graph_module.graph.nodes.find((node: { target: string }) => node.target.endsWith('.gru.input'));
  const batchFirst = gru.inputs.find((input: { name: string }) => input.name === 'batch_first');
  batchFirst.arg.as_bool = !batchFirst.arg.as_bool;
  expect(() => specFromProgram(program, tensors)).toThrow(expect.objectContaining({ code: 'E_PT2_GRAPH', kind: 'shape' }));
});

it('convolutions and normalisations of modules are layers with their weights', async () => {
  const { layers } = shapesInFile(await loadNetwork({ model: join(folder, 'space.pt2') }));
  const counted = Object.fromEntries(layers.filter(l => l.params !== 0).map(l => [l.name, [l.kind, l.params]]));
  expect(counted).toMatchObject({
    a: ['conv1d', 40],
    b: ['conv1d', 24],
    bn: ['batchnorm', 32],
    gn: ['groupnorm', 8],
    same: ['conv1d', 26],
  });
});

it('refuses an argument that says something and is not read, and dropout of a program in training mode', async () => {
  const { architecture, tensors } = await readTensorFile(join(folder, 'functions.pt2'));
  const said = (target: string, name: string, arg: object, others: readonly object[] = [], first = 'self') => {
    const program = structuredClone(architecture) as { graph_module: { graph: { nodes: { target: string; inputs: object[] }[] } } };
    const node = program.graph_module.graph.nodes.find(n => n.target === 'torch.ops.aten.softplus.default')!;
    Object.assign(node, { target: `torch.ops.${target}` });
    node.inputs = [{ ...node.inputs[0], name: first }, { name, arg, kind: 1 }, ...others];
    try {
      specFromProgram(program, tensors);
      return 'run';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(said('aten.softplus.default', 'beta', { as_int: 3 })).toBe('run');
  expect(said('aten.softplus.default', 'threshold', { as_int: 1 })).toBe('run');
  expect(said('aten.relu.default', 'ceiling', { as_int: 1 })).toMatch('aten.relu.default with ceiling is not supported');
  expect(said('aten.softmax.int', 'dtype', { as_scalar_type: 6 })).not.toBe('run');
  const p = [{ name: 'p', arg: { as_float: 0.5 }, kind: 1 }];
  expect(said('aten.dropout.default', 'train', { as_bool: false }, p, 'input')).toBe('run');
  expect(said('aten.dropout.default', 'train', { as_bool: true }, p, 'input')).toMatch('in training mode');
});

it('refuses sums of whole numbers of 8 bits, which wrap around in PyTorch', async () => {
  const { architecture, tensors } = await readTensorFile(join(folder, 'functions.pt2'));
  type Node = { target: string; outputs: { as_tensor: { name: string } }[] };
  type Program = { graph_module: { graph: { nodes: Node[]; tensor_values: Record<string, { dtype: number }> } } };
  const { graph } = (architecture as Program).graph_module;
  const sum = graph.nodes.find(n => /aten\.(add|mul)\.Tensor/.test(n.target))!;
  graph.tensor_values[sum.outputs[0].as_tensor.name].dtype = 2;
  expect(() => specFromProgram(architecture as never, tensors)).toThrow('of 8-bit or 16-bit integers is not supported');
});

it.each(['space', 'functions'])('%s is written as ONNX with operators of set 17, whose outputs have their types', async name => {
  await withFolder(async out => {
    const { check } = await runConvert({ file: join(folder, `${name}.pt2`), output: join(out, 'o.onnx') });
    expect(check!.largest).toBeLessThan(1e-5);
    const model = (await readTensorFile(join(out, 'o.onnx'))).architecture as OnnxModel;
    expect(model.graph.nodes.filter(n => /^(Gelu|Mish|GroupNormalization)$/.test(n.opType))).toEqual([]);
  });
});

it('shapes with another number of samples than the program is for is refused, and with its own is shown', async () => {
  const model = referencePath('pt2/bi2.pt2');
  await expect(runShapes({ model, N: 5 })).rejects.toMatchObject({
    code: 'E_CONFLICT',
    message: 'the file says samples 4, but the flags say 5',
  });
  expect((await runShapes({ model, N: 4 })).dims.N).toBe(4);
});
