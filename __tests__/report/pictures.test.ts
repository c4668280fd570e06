import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escapeXml } from '../../src/escape.js';
import { heatMapsText } from '../../src/report/heatmap.js';
import { heatMapsSvg } from '../../src/report/heatmapSvg.js';
import { mermaidText } from '../../src/report/mermaid.js';
import { networkSvg } from '../../src/report/networkSvg.js';
import { backgroundOf, colourOf, nearest256, scaleOf } from '../../src/report/palette.js';
import { gathered, type Panel, panelsOf } from '../../src/report/panels.js';
import { runForward } from '../../src/run/forward.js';
import type { ForwardRequest, NetworkRequest } from '../../src/run/request.js';
import { runShapes } from '../../src/run/shapes.js';
import { withInputFile } from '../helpers/inputFile.js';
import { runCli } from '../helpers/runCli.js';

const panels = async (request: ForwardRequest, sample = 1) => panelsOf(await runForward({ ...request, trace: true }), sample);
const panel = (T: number, M: number, value: (t: number, m: number) => number): Panel => ({
  title: 'rnn_1  h',
  T,
  M,
  scale: { kind: 'diverging', low: -1, high: 1 },
  value,
});

describe('the colours of a heat map', () => {
  const signed = { kind: 'diverging', low: -1, high: 1 } as const;

  it('end in blue and red and are white in the middle', () => {
    expect([colourOf(-1, signed), colourOf(0, signed), colourOf(1, signed)]).toEqual([
      [5, 48, 97],
      [228, 228, 228],
      [103, 0, 31],
    ]);
  });

  it('stop at the ends of the scale, and NaN is grey', () => {
    expect(colourOf(7, signed)).toEqual(colourOf(1, signed));
    expect(colourOf(-Infinity, signed)).toEqual(colourOf(-1, signed));
    expect(colourOf(Number.NaN, signed)).toEqual([128, 128, 128]);
  });

  it.each([
    ['0 to 1', [0, 0.5, 1], 0, 1],
    ['nothing but 1', [1, 1], 0, 1],
    ['a little above 1', [0, 1.25], -1.25, 1.25],
    ['far above 1', [0.5, 3], -3, 3],
    ['a little below 0', [-0.125, 0.5], -1, 1],
    ['far below 0', [-4, 2], -4, 4],
    ['nothing but 0', [0, 0], -1, 1],
    ['nothing', [], -1, 1],
    ['0 to 1 and what is no number', [Number.NaN, Infinity, -Infinity, 0.5], 0, 1],
  ])('lie on a scale that the numbers decide: %s', (_, values, low, high) => {
    expect(scaleOf(values)).toEqual({ kind: low === 0 ? 'sequential' : 'diverging', low, high });
  });

  it('are told to a terminal in 24 bits, 256 or sixteen colours', () => {
    expect(backgroundOf(1, signed, 3)).toBe('48;2;103;0;31');
    expect(backgroundOf(0, signed, 2)).toBe('48;5;254');
    expect(backgroundOf(-1, signed, 1)).toBe('44;97');
    expect(backgroundOf(-1, signed, 0)).toBe('');
  });

  it('take none of the 256 that another one is nearer than', () => {
    const steps = [0, 95, 135, 175, 215, 255];
    const all = [
      ...Array.from({ length: 216 }, (_, k) => [steps[Math.floor(k / 36)], steps[Math.floor(k / 6) % 6], steps[k % 6]]),
      ...Array.from({ length: 24 }, (_, k) => new Array<number>(3).fill(8 + 10 * k)),
    ];
    const distance = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0);
    for (let k = 0; k < 200; k++) {
      const rgb = [(k * 37) % 256, (k * 101) % 256, (k * 173) % 256] as const;
      expect(distance(all[nearest256(rgb) - 16], rgb)).toBe(Math.min(...all.map(colour => distance(colour, rgb))));
    }
  });

  it('take the nearest of the 256 that every terminal has', () => {
    expect(nearest256([255, 0, 0])).toBe(196);
    expect(nearest256([8, 8, 8])).toBe(232);
    expect(nearest256([118, 118, 118])).toBe(243);
  });
});

describe('the panels of a trace', () => {
  it('are gates and states in the order of the equations, h last', async () => {
    expect((await panels({ cell: 'lstm' })).map(p => p.title.split('  ')[1])).toEqual(['i', 'f', 'g', 'o', 'c', 'h']);
    expect((await panels({ cell: 'rnn' })).map(p => p.title)).toEqual(['rnn_1  h']);
    expect((await panels({ layers: 'bigru:3,dense:2', T: 10, D: 2 })).map(p => p.title)).toContain('gru_1 backward  z');
  });

  it('show the sample that was asked for', async () => {
    const request: ForwardRequest = { N: 3, T: 4, M: [2], D: 3, trace: true };
    const { tensors } = await runForward(request);
    const [second] = await panels(request, 2);
    expect([second.value(0, 0), second.value(3, 1)]).toEqual([
      tensors.trace!.get('rnn_1/h')!.data[8],
      tensors.trace!.get('rnn_1/h')!.data[15],
    ]);
  });

  it('scale gates from 0 to 1 and relu states to their largest value', async () => {
    const [i] = await panels({ cell: 'lstm' });
    expect(i.scale).toEqual({ kind: 'sequential', low: 0, high: 1 });
    const [h] = await panels({ cell: 'rnn', activation: 'elu', seed: '3' });
    expect(h.scale.low).toBe(-h.scale.high);
    expect(h.scale.high).toBeGreaterThan(1);
  });

  it('gather steps and units into means where they do not fit', () => {
    const {
      panel: small,
      steps,
      units,
    } = gathered(
      panel(5, 4, (t, m) => t + 10 * m),
      3,
      2,
    );
    expect([steps, units, small.T, small.M]).toEqual([2, 2, 3, 2]);
    expect([small.value(0, 0), small.value(2, 1)]).toEqual([5.5, 29]);
  });
});

describe('a heat map in a terminal', () => {
  it('is ASCII digits with a sign where there is no colour', () => {
    const text = heatMapsText([panel(3, 2, (t, m) => (m === 0 ? t / 2 : -1))], { width: 80, depth: 0, rows: 40 });
    expect(text).toBe(' rnn_1  h   9 is 1, -9 is -1\n 1   0  5  9\n 2  -9 -9 -9\n     1  2  3\n   T=3 across, M=2 down\n\n');
  });

  it('paints squares of two columns, and ends every line without colour', () => {
    const text = heatMapsText([panel(2, 1, t => t)], { width: 80, depth: 3, rows: 40 });
    expect(text).toContain('\u001b[0;48;2;228;228;228m  \u001b[0;48;2;103;0;31m  \u001b[0m\n');
  });

  it('has a legend from the lowest colour to the highest, and NaN is seen, in every depth', () => {
    const whole = { ...panel(3, 1, t => [Number.NaN, 0, 2][t]), scale: { kind: 'sequential', low: 0, high: 2 } as const };
    const shown = (one: Panel, depth: 0 | 1 | 2 | 3) =>
      heatMapsText([one], { width: 80, depth, rows: 40 })
        .replaceAll('\u001b[', '<')
        .replaceAll('m ', '> ')
        .replace(/<([\d;]*)m/g, '<$1>');
    expect(shown(whole, 0)).toBe(' rnn_1  h   9 is 2\n 1   ?  0  9\n     1  2  3\n   T=3 across, M=1 down\n\n');
    expect(shown(whole, 1).split('\n').slice(0, 2)).toEqual([' rnn_1  h   9 is 2', ' 1 <0;45;97>  ?<0;40;97>  0<0;43;30>  9<0>']);
    expect(
      shown(
        panel(2, 1, t => t - 1),
        1,
      ).split('\n')[1],
    ).toBe(' 1 <0;44;97> -9<0;47;30>  0<0>');
    // the legend has the colours of a row of the same values
    for (const [one, values] of [
      [whole, [0, 1, 2, 3, 4, 5, 6].map(i => i / 3)],
      [panel(1, 1, () => 0), [-3, -2, -1, 0, 1, 2, 3].map(i => i / 3)],
    ] as const) {
      for (const depth of [2, 3] as const) {
        const legend = /(-?\d+) ((?:<[\d;]*> )+)<0> (\d+)\n/.exec(shown(one, depth))!;
        expect([legend[1], legend[3]]).toEqual([String(one.scale.low), String(one.scale.high)]);
        expect(legend[2]).toBe(values.map(v => `<0;${backgroundOf(v, one.scale, depth)}> `).join(''));
      }
    }
  });

  it('sets maps side by side while the line has room, else below each other', () => {
    const map = (title: string) => ({ ...panel(2, 2, t => t), title });
    // each is as wide as its caption
    const lines = (width: number) => heatMapsText(['a', 'b', 'c'].map(map), { width, depth: 0, rows: 9 }).split('\n');
    const wide = '   T=2 across, M=2 down'.length;
    const titles = (width: number) =>
      lines(width)
        .filter(line => line.includes('9 is 1'))
        .map(line => line.match(/[abc](?= {3}9)/g)!.join(''));
    expect([3 * wide + 6, 3 * wide + 5, 2 * wide + 3, 2 * wide + 2].map(titles)).toEqual([
      ['abc'],
      ['ab', 'c'],
      ['ab', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect(lines(2 * wide + 3)[0].indexOf('b')).toBe(wide + 3 + 1);
  });

  it.each([20, 40, 80, 120])('is never wider than %i columns', width => {
    for (const depth of [0, 1, 2, 3] as const) {
      const text = heatMapsText([panel(500, 3, Math.sin), panel(7, 3, Math.sin)], { width, depth, rows: 40 });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are the subject
      const lines = text.replace(/\u001b\[[\d;]*m/g, '').split('\n');
      const map = lines.filter(line => !/[a-zA-Z]/.test(line));
      expect(Math.max(...map.map(line => line.length))).toBeLessThanOrEqual(width);
    }
  });

  it('gathers units beyond its rows and says so', () => {
    const text = heatMapsText([panel(4, 100, Math.sin)], { width: 80, depth: 0, rows: 10 });
    expect(text).toContain('T=4 across, M=100 down (means of 10 units a row)');
  });
});

describe('pictures as SVG', () => {
  const shapesOf = (request: NetworkRequest) => runShapes(request);

  it('show every input of a network, further ones by name at the layers that read them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rnn-svg-'));
    const model = join(folder, 'two.json');
    const layers = [
      { kind: 'gru', name: 'g', units: 5, returnSequences: true, inputs: ['x'] },
      { kind: 'op', name: 'joined', op: 'Concat', inputs: ['g', 'beside'], operands: null, attributes: { axis: 2 } },
      { kind: 'last', name: 'end', inputs: ['joined'] },
      { kind: 'op', name: 'all', op: 'Concat', inputs: ['end', 'whose'], operands: null, attributes: { axis: 1 } },
    ];
    const inputs = [
      { name: 'x', timesteps: 4, features: 3 },
      { name: 'beside', timesteps: 4, features: 6 },
      { name: 'whose', shape: [2] },
    ];
    writeFileSync(model, JSON.stringify({ functional: true, inputs, layers, outputs: ['all'] }));
    const svg = networkSvg(await shapesOf({ model }));
    rmSync(folder, { recursive: true });
    const count = (what: RegExp) => svg.match(what)?.length;
    expect([count(/>beside/g), count(/>whose</g), count(/>N×6</g), count(/>N×2</g)]).toEqual([4, 1, 4, 1]);
  });

  it('are well-formed', async () => {
    const svgs = [
      heatMapsSvg(await panels({ layers: 'bilstm:3,dense:2', T: 10, D: 2 }), 'a <b> & "c"'),
      networkSvg(await shapesOf({})),
      networkSvg(
        await shapesOf({ layers: 'embedding:50x4,bilstm:4+seq+ave,dropout:0.5,gru:3,dense:2,repeat:3,lstm:2+seq,dense:1', T: 10 }),
      ),
      networkSvg(await shapesOf({ layers: 'lstm:4+seq+proj=2,maxpool,dense:2', D: 3, T: 4, framework: 'torch' })),
    ];
    for (const svg of svgs) expect(tagsLeftOpen(svg)).toEqual([]);
  });

  it.each([1, 2, 9, 24, 30, 31, 100, 999, 3000])(
    'number the first of %i steps and units, then multiples of one round number with room between',
    count => {
      for (const [one, anchor, room] of [
        [panel(count, 2, () => 0), 'middle', 24],
        [panel(2, count, () => 0), 'end', 14],
      ] as const) {
        const texts = [...heatMapsSvg([one], 'h').matchAll(/<text x="([^"]+)" y="([^"]+)"[^>]*text-anchor="([a-z]+)"[^>]*>(\d+)<\/text>/g)];
        const numbers = texts
          .filter(t => t[3] === anchor && Number(t[4]) <= count)
          .map(t => ({ n: Number(t[4]), at: Number(t[anchor === 'middle' ? 1 : 2]) }));
        expect(numbers[0].n).toBe(1);
        const [first, second, third] = numbers;
        const every = (third ?? second ?? first).n - (third ? second.n : 0);
        numbers.slice(1).forEach(({ n, at }, i) => {
          expect(n % every).toBe(0);
          expect(Math.abs(at - numbers[i].at)).toBeGreaterThanOrEqual(room - 0.2);
          // one step or unit is as wide as any other
          const each = (at - first.at) / (n - 1);
          expect(Math.abs(each - (numbers.at(-1)!.at - first.at) / (numbers.at(-1)!.n - 1))).toBeLessThan(0.2);
        });
        expect(numbers.at(-1)!.n + every).toBeGreaterThan(count);
      }
    },
  );

  it('draw one cell per step and unit', async () => {
    const svg = heatMapsSvg(await panels({ T: 7, M: [4] }), 'h');
    const cells = 7 * 4;
    const background = 1;
    const frames = 2;
    const bar = 32;
    expect(svg.match(/<rect/g)).toHaveLength(cells + background + frames + bar);
    expect(svg).toContain('step t   (T = 7)');
    expect(svg).toContain('unit m   (M = 4)');
  });

  it('draw every step of a short sequence, and the first three and the last of a long one', async () => {
    const labels = async (T: number) => [...networkSvg(await shapesOf({ T })).matchAll(/>x<tspan[^>]*>(\w+)</g)].map(match => match[1]);
    expect(await labels(4)).toEqual(['1', '2', '3', '4']);
    expect(await labels(10)).toEqual(['1', '2', '3', '10']);
  });

  it('draw the steps of RepeatVector, which are others', async () => {
    const svg = networkSvg(await shapesOf({ layers: 'rnn:4,repeat:3,gru:2+seq,dense:1', D: 6, T: 10 }));
    expect([...svg.matchAll(/>y<tspan[^>]*>(\w+)</g)].map(match => match[1])).toEqual(['1', '2', '3']);
    expect(svg.split('>GRU<')).toHaveLength(3 + 1);
    expect(svg.split('>RNN<')).toHaveLength(4 + 1);
  });

  it('have every shape on its arrow', async () => {
    const svg = networkSvg(await shapesOf({ layers: 'lstm:4,gru:3,dense:2', D: 6, T: 10 }));
    for (const whole of ['(N, T, D) = N×10×6', '(N, T, M1) = N×10×4', '(N, M2) = N×3', '(N, K) = N×2']) expect(svg).toContain(whole);
    for (const [step, arrows] of [
      ['N×6', 4],
      ['N×4', 8],
      ['N×3', 5],
      ['N×2', 1],
    ] as const) {
      expect(svg.split(`>${step}<`)).toHaveLength(arrows + 1);
    }
  });

  it('name what comes from further below at every step, and lead one result round the right side', async () => {
    const svg = networkSvg(await shapesOf({ model: '__tests__/reference/models/keras/functional_branch.keras' }));
    const named = [...svg.matchAll(/>x<tspan[^>]*>(\w+)</g)].map(match => match[1]);
    expect(named).toEqual(['1', '2', '3', '6', '1', '2', '3', '6']);
    // the last h of the left branch on its way to Concatenate: five corners
    const paths = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(match => match[1].split(' ').length);
    expect(paths.filter(corners => corners === 6)).toHaveLength(1);
  });

  it('hold names as text', () => {
    expect(escapeXml('<script>&"\u0000\u202e')).toBe('&lt;script&gt;&amp;&quot;\\u0000\\u202e');
  });
});

describe('a Mermaid flowchart', () => {
  it('names layers and puts shapes on arrows', async () => {
    expect(mermaidText(await runShapes({ T: 10 }))).toBe(
      [
        'flowchart LR',
        '  x(["x"])',
        '  n1["rnn_1<br/>SimpleRNN<br/>45 parameters"]',
        '  n2["dense_1<br/>Dense<br/>12 parameters"]',
        '  y(["y"])',
        '  x -- "(N, T, D) N×10×3" --> n1',
        '  n1 -- "(N, M) N×5" --> n2',
        '  n2 -- "(N, K) N×2" --> y',
        '',
      ].join('\n'),
    );
  });
});

/** Tags that are opened and not closed, or closed out of turn; attributes must be quoted. */
function tagsLeftOpen(xml: string): string[] {
  const open: string[] = [];
  for (const [tag, close, name, selfClosed] of xml.matchAll(/<(\/?)([a-z]+)(?:\s+[a-zA-Z:-]+="[^"<]*")*\s*(\/?)>|</g)) {
    if (tag === '<') return [`a bare < in ${xml.slice(0, 80)}`];
    if (close && open.pop() !== name) return [`</${name}>`];
    if (!close && !selfClosed) open.push(name);
  }
  return open;
}

describe('--sample n shows what --rows n-1:n computes alone', () => {
  const layers = 'bilstm:3+seq,gru:2,dense:2';
  const forward = async (flags: string) => {
    const x = { shape: [3, 4, 2], data: Float32Array.from({ length: 24 }, (_, k) => Math.sin(k)) };
    return withInputFile(x, async path => (await runCli(`forward --layers ${layers} -i ${path} ${flags}`)).stdout.replaceAll(path, 'x'));
  };
  const alone = (text: string, sample: number) =>
    text.replaceAll(`sample ${sample}`, 'sample 1').replaceAll(`"sample":${sample}`, '"sample":1');

  it.each(['--svg -', '--step 2 --unit 1 --json', '--step 3 --json'])('%s', async flags => {
    const shown = (text: string) => (flags.endsWith('json') ? JSON.stringify(JSON.parse(text).steps) : text);
    const of = [];
    for (const sample of [1, 2, 3]) {
      of.push(alone(shown(await forward(`${flags} --sample ${sample}`)), sample));
      expect(of.at(-1)).toBe(shown(await forward(`${flags} --rows ${sample - 1}:${sample}`)));
    }
    expect(new Set(of).size).toBe(3);
  });

  it('--plot', async () => {
    const [second, rows] = [await forward('--plot --sample 2'), await forward('--plot --rows 1:2')];
    const [picture] = second.split('sample 2 of 3\n\n')[1].split('\n\n weights');
    expect(picture.length).toBeGreaterThan(100);
    expect(rows).toContain(picture);
  });
});
