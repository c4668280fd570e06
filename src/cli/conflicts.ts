import { RnnError } from '../errors.js';
import { shownPath } from '../escape.js';
import type { CommandName } from './flag.js';
import { WRITES } from './outputs.js';
import type { Values } from './values.js';

/** Flags that cannot stand together, found before any file is read. A network is described in exactly one form. */
interface Conflict {
  readonly a: keyof Values;
  readonly b: keyof Values;
  readonly fix: string;
  /** both are there, but these words go together */
  readonly fine?: (values: Values) => boolean;
}

const ONE_FORM = 'describe the network once: by dimensions, by --layers, or by --model';
const IN_LAYERS: Partial<Record<keyof Values, string>> = {
  M: 'write the units in --layers: "lstm:64"',
  K: 'write the dense layer in --layers: "lstm:64,dense:10"',
  cell: 'write the cell in --layers: "gru:64"',
  task: 'write +seq or +last in --layers: "lstm:64+seq,dense:10"',
  pool: 'write the pooling in --layers: "lstm:64,maxpool,dense:10"',
  bidirectional: 'write bi before the cell in --layers: "bilstm:64"',
  stack: 'write +x3 in --layers: "lstm:64+x3"',
  activation: 'write @name in --layers: "rnn:64@relu"',
  recurrentActivation: 'write it behind a slash in --layers: "lstm:64@tanh/hard_sigmoid"',
};

const CONFLICTS: readonly Conflict[] = [
  { a: 'model', b: 'layers', fix: ONE_FORM },
  ...Object.entries(IN_LAYERS).flatMap(([b, fix]) => [
    { a: 'layers', b, fix } as Conflict,
    // weights alone leave these to flags; only the file tells
    ...(['task', 'pool', 'activation', 'recurrentActivation'].includes(b)
      ? []
      : [{ a: 'model', b, fix: `the file says it already; ${ONE_FORM}` } as Conflict]),
  ]),
  {
    a: 'task',
    b: 'pool',
    fix: 'pooling leaves one vector per sample: drop --pool, or use --task many-to-one',
    fine: v => v.task !== 'many-to-many' || v.pool === 'last',
  },
  { a: 'stack', b: 'M', fix: '--M 5,4 is a stack of two already: drop --stack', fine: v => v.M?.length === 1 || v.M?.length === v.stack },
  { a: 'tol', b: 'atol', fix: 'auto is computed from the network: drop one of them' },
  { a: 'tol', b: 'rtol', fix: 'auto is computed from the network: drop one of them' },
  {
    a: 'against',
    b: 'engines',
    fix: 'compare with a file, or engines with each other; --engine says which engine is compared with the file',
  },
  { a: 'engine', b: 'engines', fix: 'with --engines the engines are named there: drop --engine' },
  { a: 'fast', b: 'dtype', fix: 'fused multiply-add is for float32: drop one of them', fine: v => v.dtype === 'f32' },
  {
    a: 'fast',
    b: 'engine',
    fix: 'only the batched engine has it: drop one of them',
    fine: v => v.engine === 'batched' || v.engine === 'auto',
  },
  { a: 'lengths', b: 'mask', fix: 'both say which steps are padding: drop one of them' },
  { a: 'json', b: 'jsonl', fix: 'drop one of them' },
  { a: 'mermaid', b: 'json', fix: 'drop one of them' },
  { a: 'mermaid', b: 'summary', fix: 'drop one of them' },
  { a: 'plot', b: 'json', fix: 'a picture is for people: drop one of them' },
  { a: 'plot', b: 'jsonl', fix: 'a picture is for people: drop one of them' },
  { a: 'emit', b: 'json', fix: 'a script is no document: drop one of them' },
  { a: 'emit', b: 'jsonl', fix: 'a script is no document: drop one of them' },
  { a: 'html', b: 'emit', fix: 'a script is no page: drop one of them' },
  { a: 'html', b: 'mermaid', fix: 'a page has a picture of its own: drop one of them' },
  { a: 'html', b: 'sha256', fix: '--sha256 prints the digest alone: drop one of them' },
  { a: 'html', b: 'fast', fix: 'a page has the bits that are the same everywhere: drop --fast' },
  { a: 'quiet', b: 'verbose', fix: 'drop one of them' },
  ...(['states', 'trace', 'step', 'unit'] as const).map(
    (a): Conflict => ({
      a,
      b: 'jsonl',
      fix: 'a line holds one y: --json has the states, --trace FILE every h and gate',
      fine: v => a === 'trace' && typeof v.trace === 'string',
    }),
  ),
  ...(['precision', 'full'] as const).flatMap((a): Conflict[] => [
    { a, b: 'json', fix: 'JSON holds all of y with all its digits: drop one of them' },
    { a, b: 'jsonl', fix: 'JSON holds all of y with all its digits: drop one of them' },
  ]),
  ...(['style', 'width'] as const).flatMap((a): Conflict[] => [
    { a, b: 'json', fix: 'JSON is one line, and no table: drop one of them', fine: v => a === 'width' && v.summary === true },
    { a, b: 'jsonl', fix: 'JSON is one line, and no table: drop one of them' },
    { a, b: 'mermaid', fix: 'a diagram is no table: drop one of them' },
  ]),
  { a: 'style', b: 'summary', fix: 'Keras prints its summary in one style: drop one of them' },
  ...(['layers', 'T', 'D', 'task', 'pool', 'activation', 'recurrentActivation', 'framework', 'weights', 'style', 'width'] as const).map(
    (b): Conflict => ({ a: 'sha256', b, fix: 'the digest is printed alone: drop one of them, or add --json', fine: v => v.json === true }),
  ),
  { a: 'sample', b: 'json', fix: 'JSON holds every sample: drop one of them', fine: v => (v.svg ?? v.step ?? v.unit) !== undefined },
  ...(['step', 'unit'] as const).flatMap((b): Conflict[] => [
    { a: 'simulate', b, fix: 'what is computed by hand is the network as it is: drop one of them, or use --trace' },
    { a: 'trace', b, fix: 'one step is shown by hand, --trace shows them all: drop one of them', fine: v => typeof v.trace === 'string' },
  ]),
  ...(
    [
      'simulate',
      'states',
      'trace',
      'step',
      'unit',
      'plot',
      'svg',
      'out',
      'output',
      'full',
      'precision',
      'dtype',
      'engine',
      'style',
      'width',
    ] as const
  ).map((b): Conflict => ({ a: 'emit', b, fix: 'a script is printed and nothing computed: drop one of them' })),
];

/** What only something else makes useful. */
const NEEDS: readonly (readonly [flag: keyof Values, one: readonly (keyof Values)[], why: string])[] = [
  ['timeMajor', ['input'], 'the seeded input has no file whose axes could be swapped'],
  ['chunk', ['input'], 'a drawn input is computed at once'],
  ['chunk', ['out'], 'only what goes into a file is computed in pieces'],
  ['showTrainable', ['summary'], 'the column Trainable is one of the summary'],
  ['sample', ['step', 'unit', 'plot', 'svg'], 'all samples are computed, and one is shown by hand or as a picture'],
];

/** @throws RnnError E_CONFLICT, E_NEEDS (exit 2) */
export function checkConflicts(values: Values, command: CommandName): void {
  for (const { a, b, fix, fine } of CONFLICTS) {
    if (values[a] === undefined || values[b] === undefined || fine?.(values)) continue;
    throw new RnnError('usage', 'E_CONFLICT', `${flag(a)} and ${flag(b)} cannot be used together`, { fix });
  }
  const unseen = (['style', 'width', 'precision', 'full'] as const).find(key => values[key] !== undefined);
  if (unseen && values.quiet && !values.json && (command === 'compare' || command === 'convert'))
    throw new RnnError('usage', 'E_CONFLICT', `${flag(unseen)} and --quiet cannot be used together`, {
      fix: `${command} --quiet prints nothing: drop one of them`,
    });
  checkTarget(values);
  for (const [key, one, why] of NEEDS) {
    if (values[key] === undefined || one.some(other => values[other] !== undefined)) continue;
    const others = one
      .map(flag)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1');
    throw new RnnError('usage', 'E_NEEDS', `${flag(key)} needs ${others}`, { fix: `${why}: drop ${flag(key)}, or add ${flag(one[0])}` });
  }
  // two networks have the engine; one has it where its y is compared with a file
  if (command === 'compare' && values.engine !== undefined && values.against === undefined && values.second === undefined)
    throw new RnnError('usage', 'E_CONFLICT', '--engine is compared with nothing', {
      fix: 'add --against FILE, or name two: --engines manual,batched',
    });
  if (values.force && !WRITES[command].some(key => typeof values[key] === 'string')) {
    const flags = WRITES[command].map(key => (key === 'trace' ? '--trace FILE' : flag(key))).join(', ');
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
  const fromStdin = (['model', 'input', 'against'] as const).filter(key => /^-(:|$)/.test(values[key] ?? ''));
  if (fromStdin.length > 1) {
    throw new RnnError('usage', 'E_STDIN', `${fromStdin.map(flag).join(' and ')} both read stdin`, { fix: 'give one of them a file name' });
  }
  if (values.out?.startsWith('-') && (values.json || values.jsonl)) {
    throw new RnnError('usage', 'E_CONFLICT', '--out - and --json both write to stdout', { fix: 'give --out a file name' });
  }
}

/** What `convert --to` may be written into. */
const TARGET_ENDINGS: Readonly<Record<string, readonly string[]>> = {
  keras: ['npz'],
  torch: ['safetensors', 'npz'],
  onnx: ['onnx'],
  npz: ['npz'],
  safetensors: ['safetensors'],
  json: ['json'],
};

/** @throws RnnError E_CONVERT_TARGET (exit 2) where the ending of OUT is that of another target */
function checkTarget({ to, output }: Values): void {
  const endings = to === undefined || !Object.hasOwn(TARGET_ENDINGS, to) ? undefined : TARGET_ENDINGS[to];
  const ending = /\.(npz|safetensors|onnx|json)$/i.exec(output ?? '')?.[1];
  if (!endings || output === undefined || ending === undefined || endings.includes(ending.toLowerCase())) return;
  const meant = `${output.slice(0, -ending.length)}${endings[0]}`;
  throw new RnnError('usage', 'E_CONVERT_TARGET', `--to ${to} is not written into a .${ending} file`, {
    expected: endings.map(e => `.${e}`).join(' or '),
    found: `.${ending}`,
    fix: `write ${shownPath(meant)}`,
    correction: { word: output, to: [meant] },
  });
}

/** 'timeMajor' -> '--time-major' */
function flag(key: keyof Values): string {
  return key.length === 1 ? `--${key}` : `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
}
