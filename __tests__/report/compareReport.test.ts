import { compareText } from '../../src/report/compareReport.js';
import { PLAIN } from '../../src/report/table.js';
import type { CompareResult, Explanation } from '../../src/run/result.js';

const SAME: CompareResult = {
  schema: 'rnn-cli/compare@1',
  version: '0.0.0',
  status: 'SAME',
  equal: true,
  undecided: null,
  sides: { expected: 'manual', actual: 'batched' },
  tolerance: { mode: 'auto', atol: 1.2e-6, rtol: 0, noise: 7.4e-8, scale: 0.5 },
  shape: { expected: [4, 2], actual: [4, 2], equal: true },
  max: { abs: 7.4e-8, index: [3, 1], expected: 1, actual: 1, allowed: 1.2e-6 },
  mismatched: 0,
  total: 8,
  perSample: [],
  perStep: null,
  firstDifference: null,
  explanations: [],
  asSpecified: null,
  cannotDetect: ['bias-missing'],
  cannotName: [],
  written: null,
  verdict: null,
  codes: [],
  tellApart: null,
  tried: 0,
  view: null,
  evidence: [],
  simulated: null,
  seed: '42',
  rng: 'seedrandom',
  promises: { weights: 'seedrandom/v1', input: 'seedrandom/v1' },
  notes: [],
  assumptions: [],
  exit: 0,
};

const explanation = (code: string, residual: number, verdict: Explanation['verdict']): Explanation => ({
  code,
  residual,
  verdict,
  margin: 100,
  why: `why ${code}\nsecond line`,
  fix: `fix ${code}\n    indented`,
  codes: [code],
  layers: [null],
  fixes: {},
  call: null,
});

const sample = (n: number, maxAbs: number, ok: boolean) => ({
  n,
  maxAbs,
  ok,
  undecided: false,
  index: [1],
  expected: 0.5,
  actual: 0.5 + maxAbs,
  allowed: 1.2e-6,
});
const DIFFERENT: CompareResult = {
  ...SAME,
  status: 'DIFFERENT',
  equal: false,
  exit: 1,
  max: { abs: 3.52e-3, index: [3, 1], expected: 0.5, actual: 0.50352, allowed: 1.2e-6 },
  mismatched: 6,
  perSample: [sample(0, 7.4e-8, true), sample(1, 1e-3, false), sample(2, 2e-3, false), sample(3, 3.52e-3, false)],
  firstDifference: { sample: 1, step: 0, layer: 'rnn_1' },
  explanations: [explanation('time-reversed', 2e-3, 'rejected'), explanation('state-carry', 1.4e-7, 'fits')],
  asSpecified: 3.52e-3,
  verdict: 'fits',
  tried: 12,
};

const text = (result: CompareResult, rows = 20): Promise<string> => compareText(result, PLAIN, { digits: 8, rows });

describe('compareText', () => {
  it('when equal is one line, and what the input cannot show', async () => {
    expect(await text(SAME)).toBe(
      'SAME   8 of 8 values, largest 7.4e-8, allowed 1.2e-6 (auto)   manual and batched\n       this input cannot show: bias-missing\n',
    );
    const fixed = {
      ...SAME,
      cannotDetect: [],
      tolerance: { mode: 'fixed' as const, atol: 1e-5, rtol: 0.1, noise: 0, scale: 0.5 },
      sides: { expected: 'batched', actual: '-' },
    };
    expect(await text(fixed)).toBe('SAME   8 of 8 values, largest 7.4e-8, allowed 1e-5 + 0.1·|e|   batched and stdin\n');
  });

  it('has what is allowed of each sample where a larger difference is the same and a smaller one is not', async () => {
    const own = [{ ...sample(0, 2e-3, true), allowed: 3e-3 }, sample(1, 1e-3, false)];
    const shown = await text({ ...DIFFERENT, max: { ...DIFFERENT.max!, abs: 1e-3, index: [1, 1] }, perSample: own });
    expect(shown).toContain('largest of them 1e-3 at sample 2, y2');
    expect(
      shown
        .split('\n')
        .slice(2, 5)
        .map(line => line.replace(/ {2,}/g, ' ')),
    ).toEqual([
      ' sample largest allowed at manual batched verdict',
      ' 1 2e-3 3e-3 y2 0.50000000 0.50200000 same',
      ' 2 1e-3 1.2e-6 y2 0.50000000 0.50100000 different',
    ]);
    expect(await text(DIFFERENT)).not.toContain('allowed   at');
  });

  it('when different has a row per sample, the place, the explanations, why and fix', async () => {
    expect(
      await text(DIFFERENT),
    ).toBe(`DIFFERENT   6 of 8 values, 3 of 4 samples     largest 3.52e-3 at sample 4, y2   allowed 1.2e-6 (auto)

 sample   largest   at       manual      batched   verdict
      1   7.4e-8    y2   0.50000000   0.50000007   same
      2   1e-3      y2   0.50000000   0.50100000   different
      3   2e-3      y2   0.50000000   0.50200000   different
      4   3.5e-3    y2   0.50000000   0.50352000   different

 first difference: sample 2, step 1, rnn_1

 tested 12 explanations   residual
   state-carry            1.4e-7   ← fits
   as specified           3.5e-3

 WHY  why state-carry
      second line
 FIX  fix state-carry
          indented
`);
  });

  it('counts steps and deeper axes from 1', async () => {
    const sequence = { ...DIFFERENT, max: { ...DIFFERENT.max!, index: [3, 6, 1] } };
    expect(await text(sequence)).toContain('at sample 4, step 7, y2 ');
    expect(await text({ ...DIFFERENT, max: { ...DIFFERENT.max!, index: [0, 1, 2, 3] } })).toContain(
      'at sample 1, axis 2: 2, axis 3: 3, y4 ',
    );
    expect(await text({ ...DIFFERENT, max: { ...DIFFERENT.max!, index: [2] } })).toContain('at sample 3 ');
  });

  it('cuts long tables and says so', async () => {
    expect(await text(DIFFERENT, 2)).toContain(' … 2 more samples (--full prints all)\n');
  });

  it('says what is likely, and with what it could be confused', async () => {
    const likely = { ...DIFFERENT, explanations: [explanation('bias-missing', 1e-6, 'likely'), explanation('bias-twice', 2e-6, 'likely')] };
    const shown = await text(likely);
    expect(shown).toMatch(/bias-missing +1e-6 {3}← likely/);
    expect(shown).toContain(' WHY  likely, one of:');
    for (const code of ['bias-missing', 'bias-twice']) expect(shown).toContain(`\n\n ${code}\n      why ${code}\n`);
  });

  it('says when nothing explains it, with what is known', async () => {
    const shown = await text({
      ...DIFFERENT,
      explanations: [explanation('time-reversed', 2e-3, 'rejected')],
      verdict: 'unexplained',
      evidence: ['only the last sample differs'],
    });
    expect(shown).toContain(' WHY  unexplained: ');
    expect(shown).toContain('\n      only the last sample differs\n');
  });

  it('is silent on causes when nobody asked', async () => {
    expect(await text({ ...DIFFERENT, explanations: [], tried: 0, verdict: null })).not.toMatch(/WHY|tried/);
  });

  it('tells shapes first', async () => {
    const shapes = { ...DIFFERENT, shape: { expected: [1, 2], actual: [10, 2], equal: false }, max: null, perSample: [] };
    const fits = [
      { ...explanation('head-on-input', 0, 'fits'), why: 'yours (10,2), right (1,2): the Dense layer is on the input, not on the last h' },
    ];
    expect(await text({ ...shapes, explanations: fits })).toMatch(
      /^DIFFERENT {3}yours \(10,2\), right \(1,2\): the Dense layer is on the input, not on the last h {2}\[head-on-input\]\n/,
    );
    expect(await text({ ...shapes, explanations: [] })).toMatch(/^DIFFERENT {3}yours \(10,2\), right \(1,2\)\n/);
  });
});

it('what rounding leaves open is said with why and what would decide', async () => {
  const undecided = { reason: 'y is large', values: 3, decide: 'a smaller x' };
  const text = await compareText(
    { ...SAME, status: 'UNDECIDED', equal: false, undecided },
    { ...PLAIN, width: 60 },
    { digits: 6, rows: 9 },
  );
  expect(text).toBe(
    'UNDECIDED   3 of 8 values, largest difference 7.4e-8\n            manual and batched\n  why      y is large\n  decide   a smaller x\n',
  );
});

it.each<[string | null, string]>([
  [null, '8 of 8 values, largest 7.4e-8'],
  ['float16', '8 of 8 values, equal to float16, largest 7.4e-8'],
  ['2 decimals', '8 of 8 values, equal to the 2 decimals written, largest 7.4e-8'],
])('of values written as %j it says so', async (written, said) => {
  const text = await compareText({ ...SAME, written }, { ...PLAIN, width: 200 }, { digits: 6, rows: 9 });
  expect(text).toContain(`SAME   ${said}, allowed`);
});
