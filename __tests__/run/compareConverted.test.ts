import { readdirSync, readFileSync } from 'node:fs';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { writeOnnx } from '../../src/formats/onnx.js';
import { compareModelsText } from '../../src/report/compareModelsReport.js';
import { PLAIN } from '../../src/report/table.js';
import { runCompareModels } from '../../src/run/comparing/compareModels.js';
import { runConvert } from '../../src/run/convert.js';
import { readTensorFile } from '../../src/run/files/modelFile.js';
import { runForward } from '../../src/run/forward.js';
import { THOROUGH } from '../helpers/effort.js';
import { temporaryFolder } from '../helpers/files.js';
import { referencePath } from '../helpers/reference.js';

/** `compare A B` of a network and what convert makes of it: several inputs and outputs, masks, operators, layers that another framework has none of. */
const folder = temporaryFolder();
const filesIn = (name: string, ending: string) =>
  readdirSync(referencePath(name, '.'))
    .filter(file => file.endsWith(ending))
    .map(file => [name, file] as const);
/** What an ONNX file cannot hold. */
const REFUSED = ['hashing.keras', 'td_tokens.keras', 'columns.pt2', 'ordering.pt2'];
/** TensorFlow rounds the places of a bilinear image, and whole numbers at halves, in its own way: up to 9e-7, and 1, from ONNX's Resize. */
const ROUNDED = ['image_resizing.keras', 'image_whole.keras'];
/** What is kept from one call to the next is none of what it computes. */
const STATEFUL = /^td_stateful/;
const all = [...filesIn('keras_models', '.keras'), ...filesIn('pt2', '.pt2')].filter(
  ([, file]) => ![...REFUSED, ...ROUNDED].includes(file) && !STATEFUL.test(file),
);

it.each(THOROUGH ? all : all.filter((_, i) => i % 3 === 0))('%s/%s and its .onnx file are the same', async (name, file) => {
  const source = referencePath(name, file);
  const output = folder.path(`${file}.onnx`);
  await runConvert({ file: source, output });
  const { status, equations, tensors, outputs } = await runCompareModels({ files: [source, output] });
  expect({ status, equations, off: tensors.filter(t => !t.equal), same: outputs.equal }).toEqual({
    status: 'SAME',
    equations: [],
    off: [],
    same: true,
  });
});

it('inputs of other names are taken in order; another number of them is refused', async () => {
  const source = referencePath('keras_models', 'multi_in.keras');
  const renamed = folder.path('renamed.json');
  await runConvert({ file: source, output: renamed });
  const text = readFileSync(renamed, 'utf8');
  expect(text).toContain('"input_layer_1"');
  folder.write('renamed.json', Buffer.from(text.replaceAll('"input_layer_1"', '"second"')));
  expect(await runCompareModels({ files: [source, renamed] })).toMatchObject({ status: 'SAME' });
  const single = referencePath('keras_models', 'quantize_int8.keras');
  await expect(runCompareModels({ files: [source, single] })).rejects.toMatchObject({ code: 'E_INPUT_NAME' });
});

/** Written by torch.export.save, by both exporters of torch.onnx (the newer one unrolls nn.RNN) and by torch.save of the state dict. */
it.each([
  ['gru_hn.pt2', 'gru_hn.onnx', 'reads h_n, not the last step of the output'],
  ['rnn_steps_first.pt2', 'rnn_steps_first.onnx', 'has the steps first, and no axis has a name'],
  ['gru_hn.pt2', 'gru_hn.pt', 'is of other modules, by its names alone'],
  ['channels_open.pt2', 'channels_open.onnx', 'has the channels first, and a length that is open'],
  ['few_operators.pt2', 'few_operators.onnx', 'has other operators'],
  ['documents.pt2', 'documents.onnx', 'reads token numbers with three axes'],
  ['last_valid.pt2', 'last_valid.onnx', 'reads lengths too, which are drawn as whole numbers within the steps'],
])('%s and %s are the same: the second %s', async (first, second) => {
  const files = [first, second].map(name => referencePath('comparisons', name)) as [string, string];
  expect(await runCompareModels({ files })).toMatchObject({ status: 'SAME', equations: [] });
});

it.each([
  ['func_masking_add.keras', (text: string) => text.replace(/("op": ?"Equal".*?"data": ?\[)0\]/s, '$15]')],
  ['mha_blocks_masked.keras', (text: string) => text.replace('"maskZero":true', '"maskZero":false')],
])('%s and the same network without its mask are different: the drawn input has masked steps', async (file, unmask) => {
  const source = referencePath('keras_models', file);
  const [written, changed] = ['masked.json', 'unmasked.json'].map(name => folder.path(`${file}.${name}`));
  await runConvert({ file: source, output: written });
  const text = JSON.stringify(JSON.parse(readFileSync(written, 'utf8')));
  expect(unmask(text)).not.toBe(text);
  folder.write(`${file}.unmasked.json`, Buffer.from(unmask(text)));
  expect(await runCompareModels({ files: [source, written] })).toMatchObject({
    status: 'SAME',
    outputs: { input: { source: 'seed 42, with masked steps' } },
  });
  expect(await runCompareModels({ files: [source, changed] })).toMatchObject({ status: 'DIFFERENT', outputs: { equal: false } });
});

it('a state dict that leaves a question asks it beside a graph that no list of layers describes, too', async () => {
  const files = [referencePath('comparisons', 'rnn_steps_first.onnx'), referencePath('torch_saved', 'a_fcamb.pt')] as [string, string];
  await expect(runCompareModels({ files })).rejects.toMatchObject({ code: 'E_ASK' });
});

it('a list of weights as Keras has them, one row of biases, is the network it was made of; beside a graph it is refused with a fix', async () => {
  const source = referencePath('pt2', 'bi2.pt2');
  const [list, graph] = ['list.npz', 'list.onnx'].map(name => folder.path(name));
  await runConvert({ file: source, output: list, to: 'keras' });
  await runConvert({ file: source, output: graph });
  const { status, tensors, assumptions } = await runCompareModels({ files: [source, list] });
  expect([status, tensors.filter(t => !t.equal), assumptions.map(a => a.fact)]).toEqual(['SAME', [], ['description']]);
  await expect(runCompareModels({ files: [graph, list] })).rejects.toMatchObject({
    code: 'E_UNDETERMINED',
    fix: expect.stringContaining('--'),
  });
});

it('every output of a graph that is run node by node is compared', async () => {
  const { architecture } = await readTensorFile(referencePath('onnx_models', 'control_loop_stops.onnx'));
  const model = architecture as OnnxModel;
  const { nodes, outputs } = model.graph;
  const second = { ...outputs[0], name: 'second' };
  const withSecond = (opType: string): OnnxModel => ({
    ...model,
    graph: {
      ...model.graph,
      nodes: [...nodes, { name: '', opType, domain: '', inputs: [outputs[0].name], outputs: ['second'], attributes: new Map() }],
      outputs: [...outputs, second],
    },
  });
  const write = async (name: string, opType: string) => folder.write(name, Buffer.from(await writeOnnx(withSecond(opType))));
  const [one, same, other] = [await write('one.onnx', 'Neg'), await write('same.onnx', 'Neg'), await write('other.onnx', 'Sinh')];
  const input = referencePath('onnx_models', 'control_loop_stops.x.npz');
  expect(await runCompareModels({ files: [one, same], input })).toMatchObject({ status: 'SAME' });
  expect(await runCompareModels({ files: [one, other], input })).toMatchObject({ status: 'DIFFERENT' });
});

it.each(['channels_open', 'few_operators', 'documents'])('%s gives what PyTorch gave, as a program and as a graph', async name => {
  const { tensors } = await readTensorFile(referencePath('comparisons', `${name}.npz`));
  for (const ending of ['pt2', 'onnx']) {
    const { outputs } = await runForward({
      model: referencePath('comparisons', `${name}.${ending}`),
      input: `${referencePath('comparisons', `${name}.npz`)}:x`,
    });
    outputs.forEach(({ shape, y }, i) => {
      const expected = tensors.get(`y${i}`)!;
      expect(shape).toEqual([...expected.shape]);
      const values = (y as unknown[]).flat(9) as number[];
      expect(Math.max(...values.map((v, k) => Math.abs(v - expected.data[k])))).toBeLessThan(1e-6);
    });
  }
});

it.each([
  ['comparisons/ab_base.keras', 'keras_models/adaptive_pooling.keras', [null, 8, 3], [null, 11, 4], null],
  ['comparisons/ab_base.keras', 'keras_models/dense_first_2d.keras', [null, 8, 3], [null, 3], null],
  ['comparisons/ab_base.keras', 'keras_models/td_tokens.keras', [null, 8, 3], [null, 4, 3], [null, 4, 3]],
  ['comparisons/gru_hn.pt2', 'comparisons/documents.pt2', [2, 7, 3], [null, 4, 7], null],
  ['comparisons/documents.onnx', 'comparisons/gru_hn.onnx', [null, 4, 7], null, null],
])('%s and %s: the second refuses the input of the first, and what each takes is said', async (a, b, first, second, both) => {
  const files = [a, b].map(name => referencePath(...(name.split('/') as [string, string]))) as [string, string];
  const result = await runCompareModels({ files });
  expect(result).toMatchObject({ status: 'DIFFERENT', outputs: { second: null } });
  const takes = result.outputs.takes!;
  expect([takes.first[0].shape, takes.both?.[0].shape ?? null]).toEqual([first, both]);
  if (second) expect(takes.second[0].shape).toEqual(second);
  const text = await compareModelsText(result, PLAIN);
  expect(text).toContain(
    both ? `further  give numbers that both take: -i FILE with ${takes.both![0].name} [N, 4, 3]` : 'no input has the axes',
  );
});

it('an input that both are said to take is taken by both', async () => {
  const files = [referencePath('comparisons', 'ab_base.keras'), referencePath('keras_models', 'td_tokens.keras')] as [string, string];
  const input = folder.write('tokens.json', Buffer.from(JSON.stringify([Array.from({ length: 4 }, (_, t) => [t, 5 - t, (2 * t) % 5])])));
  expect((await runCompareModels({ files, input })).outputs).toMatchObject({ shape: [1, 2], second: [1, 4, 5], takes: null });
});
