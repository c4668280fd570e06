import { compareText } from '../../src/report/compareReport.js';
import { errorText } from '../../src/report/errorReport.js';
import { explainText } from '../../src/report/explainReport.js';
import { forwardText } from '../../src/report/forwardReport.js';
import { inspectText } from '../../src/report/inspectReport.js';
import { shapesText } from '../../src/report/shapesReport.js';
import { type Layout, loadPaint } from '../../src/report/table.js';
import { displayWidth, wrapCode, wrapText } from '../../src/report/text.js';
import { runCompare } from '../../src/run/compare.js';
import { runExplain } from '../../src/run/explain.js';
import { runForward } from '../../src/run/forward.js';
import { runInspect } from '../../src/run/inspect.js';
import { runShapes } from '../../src/run/shapes.js';
import { runCli } from '../helpers/runCli.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control sequences
const plain = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '');
const tooWide = (text: string, width: number) =>
  plain(text)
    .split('\n')
    .filter(line => displayWidth(line) > width);

describe('text on a terminal', () => {
  it('breaks between groups where each has room', () => {
    expect(wrapText(' counted as   keras 57   torch 62 (two biases)   onnx 62', 36, 14)).toBe(
      ' counted as   keras 57\n              torch 62 (two biases)\n              onnx 62',
    );
  });

  it('breaks between words where a group is too wide, and leaves a word that has no room whole', () => {
    expect(wrapText(' WHY  one two three abcdefghijklmnopq four', 16, 6)).toBe(
      ' WHY  one two\n      three\n      abcdefghijklmnopq\n      four',
    );
  });

  it('does not count colours', async () => {
    const { bad } = await loadPaint(1);
    expect(wrapText(`${bad('DIFFERENT')}   6 of 8`, 18, 2)).toBe(`${bad('DIFFERENT')}   6 of 8`);
  });

  it('keeps lines that fit, and everything where nothing limits the line', () => {
    expect(wrapText('a b\n\n  c', 5)).toBe('a b\n\n  c');
    expect(wrapText('a b c d', Number.POSITIVE_INFINITY)).toBe('a b c d');
  });

  it('puts the remark of a line of code below it, indented alike, and breaks code nowhere else', () => {
    expect(wrapCode('for n in range(N):\n    h = np.zeros(M)    # inside the loop', 30)).toBe(
      'for n in range(N):\n    h = np.zeros(M)\n    # inside the loop',
    );
    expect(wrapCode('y = some_long_function(a, b, c)', 10)).toBe('y = some_long_function(a, b, c)');
  });
});

describe.each([80, 120])('a terminal of %i columns is wide enough for every line of', width => {
  let layout: Layout;
  beforeAll(async () => {
    layout = { style: 'box', width, paint: await loadPaint(1) };
  });
  const values = { digits: 6, rows: 20 };

  it.each([
    {},
    { layers: 'lstm:64,gru:32,dense:10', T: 10, D: 3 },
    { layers: 'embedding:1000x64,bilstm:128+seq,maxpool,dense:10@softmax', T: 10 },
    { cell: 'gru', M: [5, 4, 3] },
  ] as const)('shapes %j', async request => {
    expect(tooWide(await shapesText(await runShapes(request), layout), width)).toEqual([]);
  });

  it('forward', async () => {
    const result = await runForward({ N: 3, K: 12, cell: 'lstm' });
    expect(tooWide(await forwardText(result, layout, { ...values, saved: [], withoutY: false }), width)).toEqual([]);
  });

  it.each([
    { N: 4 },
    { N: 4, simulate: 'state-carry' },
    { cell: 'gru', N: 4, simulate: 'gate-order:rzg' },
    { simulate: 'head-on-input' },
  ] as const)('compare %j', async request => {
    expect(tooWide(await compareText(await runCompare(request), layout, values), width)).toEqual([]);
  });

  it('inspect', async () => {
    const result = await runInspect({ file: '__tests__/reference/models/torch/gru_bi_max_linear_op14.onnx' });
    // a line for --layers is copied whole
    expect(tooWide(await inspectText(result, layout), width).filter(line => !/^ +"/.test(line))).toEqual([]);
  });

  it('explain, but for commands and code, which are copied whole', async () => {
    const all = await runExplain({});
    const names = [...(all.mistakes ?? []), ...(all.terms ?? [])].map(({ name }) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(tooWide(explainText(all, layout), width)).toEqual([]);
    for (const name of names) {
      const page = explainText(await runExplain({ topic: name }), layout);
      const code = /^ +rnn-cli |^ (NumPy|Keras|PyTorch) |^ {10}\S/;
      expect([name, tooWide(page, width).filter(line => !code.test(line))]).toEqual([name, []]);
    }
  });

  it('an error', async () => {
    const error = await runShapes({ layers: 'lstm:64+last,gru:32', T: 10, D: 3 }).catch((e: unknown) => e);
    expect(tooWide(errorText(error, layout.paint, width), width)).toEqual([]);
    expect(plain(errorText(error, layout.paint, width))).toContain('^^^^ here');
  });
});

describe.each([20, 40, 60, 80, 100, 120])('--width %i: no line is wider in', width => {
  const files = 'examples/tutorial';
  it.each([
    'shapes',
    'shapes --D 4 --layers lstm:8+seq,bigru:5+seq,dense:3',
    `inspect ${files}/model.keras`,
    `inspect ${files}/w.npz`,
    'forward --N 3 --K 12 --plot',
    'forward --T 3 --trace',
    'forward --T 3 --M 12 --unit 2',
    `compare ${files}/model.keras -i ${files}/x.npy --against ${files}/leaky.npy`,
    `compare ${files}/model.keras -i ${files}/x.npy --against ${files}/predict.npy`,
    `compare ${files}/model.keras -i ${files}/x.npy --against ${files}/every_step.npy`,
    `compare ${files}/predict.npy ${files}/leaky.npy`,
    `compare ${files}/model.keras ${files}/w.npz`,
  ])('%s', async line => {
    for (const style of ['box', 'plain', 'ascii --color always']) {
      const { exit, stdout } = await runCli(`${line} --width ${width} --style ${style}`);
      expect([0, 1]).toContain(exit);
      expect(stdout).not.toBe('');
      expect(tooWide(stdout, width)).toEqual([]);
    }
  });
});

it('a row without room for its cells side by side has them one below the other, and loses none', async () => {
  const { stdout } = await runCli('shapes --T 7 --width 20');
  for (const cell of ['layer  rnn', 'what   Wx', 'size   3×5', 'params 15', 'how    D·M']) expect(stdout).toContain(cell);
});

it.each([20, 40])('on a terminal of %i columns no line is wider, help and prose included', async columns => {
  for (const line of [
    '--help',
    'compare --help',
    'explain lstm',
    'compare --N 4 --simulate state-carry',
    'forward --N 2',
    'inspect examples/tutorial/model.keras',
  ])
    expect(tooWide((await runCli(line, { columns })).stdout, columns)).toEqual([]);
});
