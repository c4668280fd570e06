import { join } from 'node:path';
import { toAscii } from '../../src/report/ascii.js';
import { inspectText } from '../../src/report/inspectReport.js';
import { cut } from '../../src/report/networkCanvas.js';
import { networkSvg } from '../../src/report/networkSvg.js';
import { shapesText } from '../../src/report/shapesReport.js';
import { PLAIN } from '../../src/report/table.js';
import { runInspect } from '../../src/run/inspect.js';
import { runShapes } from '../../src/run/shapes.js';
import { temporaryFolder } from '../helpers/files.js';

const folder = temporaryFolder();

it('every sign of a report has letters of ASCII', () => {
  const signs: Readonly<Record<string, string>> = {
    '· − – … ← → × ÷': '* - - ... <- -> x /',
    '⊙ ≤ ≥ ± ∓': '(.) <= >= +- -+',
    '√2 ∞': 'sqrt 2 inf',
    'a’ b′ ½ M² ³ ⁴ ⁵ ⁶ Wᵀ': "a' b' 1/2 M^2 ^3 ^4 ^5 ^6 W^T",
    'Σσπε µs': 'sum sigmapieps us',
    '█░─━│┃┌╯': '#.--||++',
    é你: 'e\\u{4f60}',
  };
  expect(Object.keys(signs).map(toAscii)).toEqual(Object.values(signs));
});

describe('a network of several outputs', () => {
  const spec = {
    schema: 'rnn-cli/spec@2',
    inputs: [{ name: 'x', timesteps: 4, features: 3 }],
    layers: [
      { kind: 'lstm', name: 'a', units: 2, inputs: ['x'] },
      { kind: 'rnn', name: 'b', units: 2, inputs: ['x'] },
      { kind: 'average', name: 'm', inputs: ['a', 'b'] },
      { kind: 'dense', name: 'first', units: 2, inputs: ['m'] },
      { kind: 'add', name: 's', inputs: ['a', 'b'] },
      { kind: 'dense', name: 'second', units: 3, inputs: ['s'] },
    ],
    outputs: ['first', 'second'],
  };

  it('says which row is y, which is a further output, and what the others give', async () => {
    const shown = await shapesText(await runShapes({ model: folder.write('two.json', JSON.stringify(spec)) }), PLAIN);
    const outputs = [...shown.matchAll(/ (→ .*?) {2}/g)].map(([, output]) => output.trim());
    expect(outputs).toEqual(['→ last h', '→ last h', '→ mean', '→ y', '→ sum', '→ dense (output)']);
  });
});

describe('the picture of both directions', () => {
  const picture = async (layers: string) => networkSvg(await runShapes({ layers, D: 3, T: 3, framework: 'torch' }));

  it('passes on h of the projected width, where there is one', async () => {
    expect([...(await picture('bilstm:4+proj=2')).matchAll(/N×\d+/g)].map(([width]) => width)).toContain('N×2');
    expect(await picture('bilstm:4')).not.toContain('N×2');
  });

  it('leads lines of its last steps to the merge and on, or of every step', async () => {
    const lines = async (layers: string) => (await picture(layers)).split('<polyline').length;
    expect((await lines('bigru:4+seq')) - (await lines('bigru:4'))).toBe(2 * (3 - 1) + (3 - 1));
  });
});

it('a name is cut only where it is too long', () => {
  expect([cut('abcd', 4), cut('abcde', 4), cut('', 4)]).toEqual(['abcd', 'abc…', '']);
});

it('inspect shows the digest of the file where it was asked for', async () => {
  const path = join(__dirname, '..', 'reference', 'keras_models', 'encdec.keras');
  const shown = async (sha256: boolean) => inspectText(await runInspect({ file: path, sha256 }), PLAIN);
  expect(await shown(true)).toMatch(/\n sha256 {2}[0-9a-f]{64}\n/);
  expect(await shown(false)).not.toContain('sha256');
});
