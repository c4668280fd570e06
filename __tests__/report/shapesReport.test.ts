import { shapesText } from '../../src/report/shapesReport.js';
import { summaryText } from '../../src/report/summary.js';
import { PLAIN } from '../../src/report/table.js';
import type { Network } from '../../src/run/network/network.js';
import { summaryModel } from '../../src/run/network/summaryModel.js';
import type { ShapesRequest } from '../../src/run/request.js';
import { runShapes } from '../../src/run/shapes.js';

const text = async (request: ShapesRequest): Promise<string> => shapesText(await runShapes(request), PLAIN);

describe('shapesText', () => {
  it('counts the terms of the work of a deep network and shows the first and the last', async () => {
    const line = async (depth: number) => {
      const layers = Array.from({ length: depth }, (_, i) => `dense:${2 + i}`).join(',');
      return (await text({ layers, D: 3, T: 1 })).split('\n').find(l => l.includes('MACs'))!;
    };
    expect(await line(12)).not.toMatch(/…|terms/);
    expect(await line(1000)).toMatch(
      / = T·D·K1 \+ T·K1·K2 \+ .* \+ T·K9·K10 \+ … \+ T·K999·K1000 \(1000 terms\) {3}\(matrix products only\)$/,
    );
    const recurrent = Array.from({ length: 14 }, () => 'rnn:4+seq').join(',');
    const shown = await text({ layers: `dense:3,${recurrent}`, D: 3, T: 2 });
    // a term is not cut in its parentheses
    expect(shown).toMatch(/ = T·D·K \+ T·\(.*\) \+ … \+ T·\([^()]*\) \(15 terms\)/);
    expect(shown.match(/ T·\(/g)).toHaveLength(10);
  });

  it('names what each kind of layer puts out, and the options that are not the usual ones', async () => {
    const layers =
      'masking:0.5,bilstm:5+sum+nobias,gru:3@relu+resetbefore,dropout:0.2,repeat:4,rnn:6+backwards+seq,dense:7@elu,avgpool,dense:8@softmax+nobias';
    const shown = await text({ layers, D: 3 });
    for (const output of [
      '→ masked',
      '→ all h, seq (auto)',
      '→ last h',
      '→ unchanged',
      '→ repeated',
      '→ all h ',
      '→ dense',
      '→ mean over t',
      '→ y',
    ]) {
      expect(shown).toContain(output);
    }
    for (const line of [
      ' masking_1    skips steps that are all 0.5',
      ' lstm_1       both ways, sum, no bias',
      ' gru_2        relu, reset before the product',
      ' dropout_1    the identity outside training',
      ' rnn_3        backwards',
      ' dense_1      elu',
      ' dense_2      softmax, no bias',
    ]) {
      expect(shown).toContain(`\n${line}\n`);
    }
    expect(shown).not.toContain('tanh');
  });

  it('counts with D while it is symbolic, as the counts of every D are', async () => {
    // tokens have no features: a D beside them has nothing to act on
    await expect(runShapes({ layers: 'embedding:9x4,rnn:2', D: 6 })).rejects.toMatchObject({ code: 'E_CONFLICT' });
    expect((await runShapes({ layers: 'embedding:9x4,rnn:2' })).totals.formulas).toBeUndefined();
    for (const line of ['dense:7,bilstm:5+seq,batchnorm,gru:3,dense:2', 'lstm:4+proj=2,dense:3']) {
      const { totals } = await runShapes({ layers: line });
      for (const D of [1, 6]) {
        const known = (await runShapes({ layers: line, D })).totals;
        const at = (formula: string | null) =>
          formula?.split('+').reduce((sum, term) => sum + Number(term.replace('*D', '')) * (term.endsWith('D') ? D : 1), 0) ?? null;
        expect(at(totals.formulas!.params)).toBe(known.params);
        expect(at(totals.formulas!.trainable)).toBe(known.trainable);
        for (const [name, formula] of Object.entries(totals.formulas!.byFramework)) expect(at(formula)).toBe(known.byFramework[name]);
      }
    }
    const shown = await text({ layers: 'lstm:5,batchnorm,dense:2' });
    expect(shown).toMatch(/Wx .* 20·D +D·4·M\n/);
    expect(shown).toMatch(/→ last h .* 20·D \+ 120 +4·M·\(D \+ M \+ 1\)\n/);
    expect(shown).toMatch(/total +20·D \+ 152 +of 4 B as float32\n/);
    expect(shown).toContain('keras 20·D + 152   torch 20·D + 162   onnx 20·D + 172   tfjs 20·D + 152');
    expect(shown).toContain('torch does not count moving means and variances (10)');
  });

  it('leaves letters where sizes are symbolic', async () => {
    const shown = await text({ layers: 'lstm:4,dense:2', D: 3 });
    expect(shown).toMatch(/^LSTM, many to one {4}N samples {2}T steps {2}D=3 features {2}M=4 units {2}K=2 outputs\n/);
    expect(shown).toMatch(/ input +x +\(N, T, D\) +N×T×3 +–\n/);
    expect(shown).toContain(' MACs         T·(D·4·M + M·4·M) + M·K per sample   (matrix products only)\n');
    expect(shown).toContain('kept for training (all h): grows with T\n');
  });

  it('has gates behind the letters of the weights', async () => {
    const shown = await text({ cell: 'lstm' });
    expect(shown).toMatch(/ lstm_1 +Wx +D×4M \[i f g o\] +3×20 +60 +D·4·M\n/);
    expect(shown).toMatch(/ {11}→ last h +\(N, M\) +N×5 +180 +4·M·\(D \+ M \+ 1\)\n/);
  });

  it('totals are the sums of the rows', async () => {
    for (const request of [
      { cell: 'gru', M: [5, 4] },
      { layers: 'bilstm:5,rnn:3,dense:2', D: 4 },
      { K: 0, bidirectional: true },
    ] as ShapesRequest[]) {
      const rows = (await text(request))
        .split('\n')
        .map(line => /^.{8,}? ([A-Za-z/]*[WbE][xhop]?|→ [^(]*?) +(?:[^ ]+|\(.*?\))(?: \[.*?\])? +[\dN×T]+ +(\d+)(?: {4,}|$)/.exec(line));
      const weights = rows.filter(row => row && !row[1].startsWith('→')).reduce((sum, row) => sum + Number(row![2]), 0);
      const layers = rows.filter(row => row?.[1].startsWith('→')).reduce((sum, row) => sum + Number(row![2]), 0);
      const { params } = (await runShapes(request)).totals;
      expect([weights, layers]).toEqual([params, params]);
    }
  });

  it('marks frozen layers and escapes names', async () => {
    const result = await runShapes({ layers: 'rnn:5,dense:2', D: 3 });
    const [first, ...rest] = result.layers;
    const frozen = {
      ...result,
      layers: [{ ...first, name: 'a\u001b[31m', trainable: false }, ...rest],
      totals: { ...result.totals, trainable: 12, nonTrainable: 45 },
    };
    const shown = await shapesText(frozen, PLAIN);
    expect(shown).toContain(' a\\u001b[31m (frozen)');
    expect(shown).toContain(' trainable    12, frozen 45\n');
  });

  it('has separators where people read, none where scripts do', async () => {
    const result = await runShapes({ M: [512], cell: 'lstm' });
    expect(await shapesText(result, { ...PLAIN, style: 'box' })).toContain('1,056,768');
    expect(await shapesText(result, PLAIN)).toContain('1056768');
  });
});

it('a summary names unnamed layers as Keras does', async () => {
  let network: Network | undefined;
  const request = { layers: 'bilstm:4,gru:3,gru:2+name=mine,maxpool,dense:2,dense:1', D: 3, T: 5 };
  const result = await runShapes(request, found => {
    network = found;
  });
  const names = [...summaryText(summaryModel(result, network!), { lineLength: 80 }).matchAll(/^│ (\w+)/gm)].map(match => match[1]);
  expect(names).toEqual(['bidirectional', 'gru', 'mine', 'global_max_pooling1d', 'dense', 'dense_1']);
});
