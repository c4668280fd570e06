import { RnnError } from '../errors.js';
import { shownPath } from '../escape.js';
import { CONVERT_FORMATS } from '../run/convertFormats.js';
import { type Conflict, checkConflicts as checkPairs, checkRules, flagOf, needs, pairs as pairsOf } from '../run/requestRules.js';
import type { CommandName } from './flag.js';
import { WRITES } from './outputs.js';
import type { Values } from './values.js';

/** Output flags that exclude each other; those of the requests are in run/requestRules.ts. */
const pairs = pairsOf<Values>;

const EITHER = 'drop one of them';
const ONE_Y = 'a line holds one y: --json has the states, --trace FILE every h and gate';
const NO_TABLE = 'JSON is one line, and no table: drop one of them';
const NO_DIAGRAM = 'a diagram is not a table: drop one of them';

const CONFLICTS: readonly Conflict<Values>[] = [
  pairs('json', 'jsonl', EITHER),
  pairs('mermaid', ['json', 'summary'], EITHER),
  pairs('plot', ['json', 'jsonl'], 'a picture is for people: drop one of them'),
  pairs('emit', ['json', 'jsonl'], 'a script is not a document: drop one of them'),
  pairs('html', 'emit', 'a script is no page: drop one of them'),
  pairs('html', 'mermaid', 'a page has a picture of its own: drop one of them'),
  pairs('html', 'sha256', '--sha256 prints the digest alone: drop one of them'),
  pairs('html', 'fast', 'a page has the bits that are the same everywhere: drop --fast'),
  pairs('quiet', 'verbose', EITHER),
  pairs('states', 'jsonl', ONE_Y),
  pairs('trace', 'jsonl', ONE_Y, v => typeof v.trace === 'string'),
  pairs(['step', 'unit'], 'jsonl', ONE_Y),
  pairs(['precision', 'full'], ['json', 'jsonl'], 'JSON holds all of y with all its digits: drop one of them'),
  pairs('style', ['json', 'jsonl'], NO_TABLE),
  pairs('style', 'mermaid', NO_DIAGRAM),
  pairs('width', 'json', NO_TABLE, v => v.summary === true),
  pairs('width', 'jsonl', NO_TABLE),
  pairs('width', 'mermaid', NO_DIAGRAM),
  pairs('style', 'summary', 'Keras prints its summary in one style: drop one of them'),
  pairs(
    'sha256',
    ['layers', 'T', 'D', 'task', 'pool', 'activation', 'recurrentActivation', 'framework', 'weights', 'style', 'width'],
    'the digest is printed alone: drop one of them, or add --json',
    v => v.json === true,
  ),
  pairs('sample', 'json', 'JSON holds every sample: drop one of them', v => (v.svg ?? v.step ?? v.unit) !== undefined),
  pairs('trace', ['step', 'unit'], 'one step is shown by hand, --trace shows them all: drop one of them', v => typeof v.trace === 'string'),
  // biome-ignore format: a table
  pairs(
    'emit',
    ['simulate', 'states', 'trace', 'step', 'unit', 'plot', 'svg', 'out', 'output', 'full', 'precision', 'dtype', 'engine', 'style', 'width'],
    'a script is printed and nothing computed: drop one of them',
  ),
].flat();

/** Flags that require one of some others. */
const NEEDS: readonly (readonly [flag: keyof Values, one: readonly (keyof Values)[], why: string])[] = [
  ['chunk', ['input'], 'a drawn input is computed at once'],
  ['chunk', ['out'], 'only what goes into a file is computed in pieces'],
  ['showTrainable', ['summary'], 'the column Trainable is one of the summary'],
  ['sample', ['step', 'unit', 'plot', 'svg'], 'all samples are computed, and one is shown by hand or as a picture'],
];

/** @throws RnnError E_CONFLICT, E_NEEDS (exit 2) */
export function checkConflicts(values: Values, command: CommandName): void {
  checkRules(values);
  checkPairs(values, CONFLICTS);
  const unseen = (['style', 'width', 'precision', 'full'] as const).find(key => values[key] !== undefined);
  if (unseen && values.quiet && !values.json && (command === 'compare' || command === 'convert'))
    throw new RnnError('usage', 'E_CONFLICT', `${flagOf(unseen)} and --quiet cannot be used together`, {
      fix: `${command} --quiet prints nothing: drop one of them`,
    });
  const beside = values.trace === true ? 'trace' : (['plot', 'states', 'step', 'unit'] as const).find(key => values[key] !== undefined);
  if (command === 'forward' && values.style === 'csv' && beside)
    throw new RnnError('usage', 'E_CONFLICT', `--style csv and ${flagOf(beside)} cannot be used together`, {
      fix: 'a CSV table holds y only: drop one of them; --json and --trace FILE.npz hold the rest',
    });
  checkTarget(values);
  for (const [key, one, why] of NEEDS) needs(values, key, one, why);
  if (values.force && !WRITES[command].some(key => typeof values[key] === 'string')) {
    const flags = WRITES[command].map(key => (key === 'trace' ? '--trace FILE' : flagOf(key))).join(', ');
    throw new RnnError('usage', 'E_NEEDS', `--force needs ${flags.replace(/, ([^,]*)$/, ' or $1')}`, {
      fix: 'there is no file to overwrite: drop --force',
    });
  }
  if (values.html === '-' && (values.json || values.jsonl || values.svg === '-' || values.out?.startsWith('-'))) {
    throw new RnnError('usage', 'E_CONFLICT', '--html - and another output both write to stdout', { fix: 'give --html a file name' });
  }
  if (values.svg === '-' && (values.json || values.jsonl || values.out?.startsWith('-'))) {
    throw new RnnError('usage', 'E_CONFLICT', '--svg - and another output both write to stdout', { fix: 'give --svg a file name' });
  }
  const fromStdin = FROM_STDIN.filter(([key]) => /^-(:|$)/.test(String(values[key] ?? ''))).map(([, name]) => name);
  if (fromStdin.length > 1) {
    throw new RnnError('usage', 'E_STDIN', `${fromStdin.join(' and ')} both read stdin`, { fix: 'give one of them a file name' });
  }
  if (values.out?.startsWith('-') && (values.json || values.jsonl)) {
    const other = values.json ? '--json' : '--jsonl';
    throw new RnnError('usage', 'E_CONFLICT', `--out - and ${other} both write to stdout`, { fix: 'give --out a file name' });
  }
}

/** Arguments that read stdin if their value is '-', as written on the command line. */
const FROM_STDIN: readonly (readonly [keyof Values, string])[] = [
  ...(['model', 'weights', 'input', 'against', 'mask', 'lengths', 'h0', 'c0'] as const).map(key => [key, flagOf(key)] as const),
  ['network', 'FILE'],
  ['first', 'A'],
  ['second', 'B'],
];

/** @throws RnnError E_CONVERT_TARGET (exit 2) if OUT has the extension of another target */
function checkTarget({ to, output }: Values): void {
  if (to === undefined || output === undefined) return;
  const endings: readonly string[] = CONVERT_FORMATS[to as keyof typeof CONVERT_FORMATS];
  const ending = /\.(npz|safetensors|onnx|json)$/i.exec(output)?.[1];
  if (ending === undefined || endings.includes(ending.toLowerCase())) return;
  const meant = `${output.slice(0, -ending.length)}${endings[0]}`;
  throw new RnnError('usage', 'E_CONVERT_TARGET', `--to ${to} is not written into a .${ending} file`, {
    expected: endings.map(e => `.${e}`).join(' or '),
    found: `.${ending}`,
    fix: `write ${shownPath(meant)}`,
    correction: { word: output, to: [meant] },
  });
}
