import { parse } from 'csv-parse/sync';
import { useBuiltPage } from '../helpers/builtPage.js';
import { bytesOf, temporaryFolder } from '../helpers/files.js';
import { runCli } from '../helpers/runCli.js';

/**
 * Names of every kind of character that means something to what shows them, through every output of every command: each is text there.
 * A layer, an array, a network, an input and an output carry each kind. `MATRIX=1` prints the table of outputs and kinds.
 */
const { path, write } = temporaryFolder();
const KINDS: Readonly<Record<string, (mark: string) => string>> = {
  'ANSI codes': m => `${m}\u001b[5Ared\u001b]0;title\u0007`,
  'C1 codes': m => `${m}\u009b2J\u0085next\u007f`,
  'CR, LF': m => `${m}\r\nnew\rline\nend`,
  'tab first': m => `\t=1+1${m}\v\f`,
  NUL: m => `${m}\u0000end`,
  '=cmd()': m => `=cmd|'/C calc'!A1${m}`,
  '+ formula': m => `+1+cmd()${m}`,
  '@ formula': m => `@SUM(1)${m}`,
  '- formula': m => `-1+cmd()${m}`,
  '<script>': m => `${m}</script><script>alert(1)</script><img src=x onerror=alert(1)>`,
  'comment, CDATA': m => `${m}--><!--]]><![CDATA[*/`,
  backticks: m => `${m}\`rm\``,
  template: m => `${m}\${alert(1)}#{x}{{x}}%s`,
  quotes: m => `${m}"'"""'''`,
  backslash: m => `${m}\\n\\`,
  'table, link': m => `${m}|x|![i](http://x)`,
  'right to left': m => `${m}\u202egpj\u2066\u200f`,
  'U+2028, BOM': m => `${m}\u2028new\u2029line\ufeff`,
  long: m => `${m}${'l'.repeat(900)}`,
};
const kinds = Object.keys(KINDS);
const marks = kinds.map((_, k) => `m${k + 10}m`);
const names = kinds.map((kind, k) => KINDS[kind](marks[k]));
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may reach what shows a text
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours
const COLOURS = /\u001b\[[\d;]*m/g;
const withoutStrings = (text: string) => text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
const tags = (text: string) => (text.match(/<[a-zA-Z/!?][^>]*>?/g) ?? []).map(tag => tag.replace(/"[^"]*"/g, '""')).join('');

/** What is left of an output when its texts are taken out: nothing of a name stands there. */
const OUTSIDE: Readonly<Record<string, (text: string) => string>> = {
  text: () => '',
  json: text => {
    for (const line of text.trim().split('\n')) JSON.parse(line);
    return '';
  },
  csv: text => {
    const cells: string[][] = parse(text, { relax_column_count: true });
    return cells
      .flat()
      .filter(cell => /^[=+@\t\r]|^-(?![\d.]+$|Inf|$)/.test(cell))
      .join();
  },
  markdown: text => {
    const lines = text.split('\n').filter(line => line.startsWith('| '));
    const rows = lines.map(line => line.replace(/\\\\/g, '').replace(/\\\|/g, '').split('|').length);
    const bare = text.replace(/\\\\/g, '').match(/.*(?:(?<!\\)<|(?<!\\)\]\(|(?<!\\)`).*/g) ?? [];
    return [...bare, ...(new Set(rows).size > 2 ? lines : [])].join();
  },
  html: tags,
  svg: tags,
  mermaid: text =>
    `${text.replace(/"[^"\n]*"/g, '')}${(text.match(/"[^"\n]*"/g) ?? []).filter(label => /<(?!br\/>)|`/.test(label)).join()}`,
  python: text => withoutStrings(text).replace(/#.*/g, ''),
};

const spec = (name: string, layers: readonly object[]) => ({
  name,
  inputs: [{ name: `${name}i`, timesteps: 4, features: 3 }],
  layers: [{ kind: 'rnn', units: 3, name: `${name}r` }, ...layers],
  outputs: [{ name: `${name}o`, value: name }],
});
/** two kinds in each name, so that no width and no length of a message cuts one off */
const groups = Array.from({ length: Math.ceil(names.length / 2) }, (_, g) => names.slice(2 * g, 2 * g + 2).join(''));
const tensor = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(0.1) });
/** no name of an array may hold NUL, so the networks with weights have a name without */
const small = (given: string, activation: string, trained: boolean) => {
  const name = trained ? given.replace('\u0000', '') : given;
  const arrays = { [`${name}r/Wx`]: [3, 3], [`${name}r/Wh`]: [3, 3], [`${name}r/bh`]: [3], [`${name}/Wo`]: [3, 2], [`${name}/bo`]: [2] };
  const numbers = (shape: readonly number[]) => Array.from(tensor(...shape).data, (_, k) => 0.1 + k / 64);
  const weights = Object.entries(arrays).map(([key, shape]) => [key, { dtype: 'float32', shape, data: numbers(shape) }]);
  const net = spec(name, [{ kind: 'dense', units: 2, name, activation }]);
  return write(`${activation}.json`, JSON.stringify({ ...net, ...(trained && { weights: Object.fromEntries(weights) }) }));
};
const weights = async () => {
  const tensors = names.map((name, k) => [name.replace('\u0000', ''), tensor(2, k + 1)] as const);
  return write(
    'w.safetensors',
    await bytesOf('safetensors', { [`${names[1]}.weight_ih_l0`]: tensor(12, 2), ...Object.fromEntries(tensors) }),
  );
};

const STYLED = ['', '--style box', '--style ascii', '--color always', '--style markdown', '--style csv', '--json'];
const PAGES = ['--html -'];
const LINES: Readonly<Record<string, readonly string[]>> = {
  'shapes NET': [...STYLED, ...PAGES, '--summary --show-trainable', '--mermaid', '--svg -'],
  'inspect NET': [...STYLED, ...PAGES],
  'inspect W': [...STYLED, ...PAGES],
  'forward NET': ['--trace'],
  'forward SMALL': [
    ...['-v --states', '--trace --style markdown', '--step 2 --unit 1', '--step 2 --style markdown', '--plot --color always', '--svg -'],
    ...['--output nope', '-i W', '--weights W'],
  ],
  'forward WHOLE': ['--trace --json', '--html -', '--json', '--states --style csv', '--emit keras', '--emit torch', '--emit numpy'],
  'compare SMALL': ['--N 3 --simulate state-carry'],
  'compare WHOLE': ['--json', '--html -', '--color always', '--style markdown'].map(flags => `--N 3 --simulate state-carry ${flags}`),
  'compare SMALL OTHER': ['', '--style markdown', '--json'],
  'compare WHOLE W': ['', '--json'],
  'compare WHOLE --against W': ['', '--json'],
  'convert WHOLE OUT.npz': ['--force -v', '--force --style markdown', '--force --json'],
  'convert WHOLE OUT.onnx': ['--force -v', '--force --json'],
  'convert WHOLE OUT.safetensors': ['--force --to torch', '--force --to torch --json'],
  'probe WHOLE': ['--N 2', '--N 2 --json'],
};

const styleOf = (flags: string): string => {
  if (/--json|-\.jsonl/.test(flags)) return 'json';
  if (/csv/.test(flags)) return 'csv';
  return /markdown/.exec(flags)?.[0] ?? /--(html|svg|mermaid)/.exec(flags)?.[1] ?? (flags.includes('--emit') ? 'python' : 'text');
};

interface Row {
  readonly line: string;
  /** per kind: '' is not shown, 'text', or what is wrong */
  readonly cells: readonly string[];
}

/** Judges what a command printed, kind by kind. */
function judged(line: string, style: string, stdout: string, stderr: string): Row {
  const report = style === 'html' ? stdout.slice(0, stdout.lastIndexOf('<script>')) : stdout;
  const painted = line.includes('--color always');
  const printed = painted ? (report + stderr).replace(COLOURS, '') : report + stderr;
  const outside = report ? OUTSIDE[style](report) : '';
  const control = CONTROLS.exec(printed);
  const cells = marks.map((mark, k) => {
    if (!printed.includes(mark)) return '';
    if (outside.includes(mark) || /alert|onerror|cmd/.test(outside)) return `outside of texts: ${outside.slice(0, 200)}`;
    if (control)
      return `U+${control[0].charCodeAt(0).toString(16)} in ${JSON.stringify(printed.slice(control.index - 40, control.index + 20))}`;
    const broken = kinds[k] === 'CR, LF' && new RegExp(`${mark}[\\r\\n]+new`).test(printed);
    return broken ? 'a line of its own' : 'text';
  });
  return { line, cells };
}

const shownIn = (rows: readonly Row[]) => kinds.filter((_, k) => rows.some(({ cells }) => cells[k]));
const wrong = (rows: readonly Row[]) =>
  rows.flatMap(({ line, cells }) => cells.flatMap((cell, k) => (cell && cell !== 'text' ? [[line, kinds[k], cell]] : [])));

function print(rows: readonly Row[]): void {
  if (process.env.MATRIX !== '1') return;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const sign = (cell: string) => (cell === '' ? '–' : cell === 'text' ? '✓' : '✗');
  process.stdout.write(line(['output', ...kinds]) + line(['output', ...kinds].map(() => '---')));
  for (const row of rows) process.stdout.write(line([`\`${row.line}\``, ...row.cells.map(sign)]));
}

beforeAll(useBuiltPage);

/** One line over several networks: what is worst for each kind. */
function together(rows: readonly Row[]): Row {
  const worst = (cells: readonly string[]) => cells.find(cell => cell && cell !== 'text') ?? (cells.includes('text') ? 'text' : '');
  return { line: rows[0].line, cells: kinds.map((_, k) => worst(rows.map(({ cells }) => cells[k]))) };
}

it.each(Object.entries(LINES))('%s', async (command, flagged) => {
  const dense = names.map(name => ({ kind: 'dense', units: 2, name }));
  const net = write(
    'net.json',
    JSON.stringify({ ...spec(groups[0], dense), outputs: [{ name: groups[1], value: names[names.length - 1] }] }),
  );
  const w = await weights();
  const rows: Row[] = [];
  for (const flags of flagged) {
    const each: Row[] = [];
    for (const group of command.includes('SMALL') ? groups : ['']) {
      const trained = !command.startsWith('forward');
      const files: Record<string, string> = { NET: net, W: w, SMALL: small(group, 'tanh', trained), OTHER: small(group, 'relu', trained) };
      files.WHOLE = small(names.slice(0, -1).join(''), 'linear', trained);
      const argv = `${command} ${flags}`.split(' ').filter(Boolean);
      const { stdout, stderr } = await runCli(argv.map(word => files[word] ?? word.replace('OUT', path('out'))));
      each.push(judged(`${command} ${flags}`, styleOf(flags), stdout, stderr));
    }
    rows.push(together(each));
  }
  print(rows);
  expect(wrong(rows)).toEqual([]);
  // of a name that is long, messages have the start
  const shown = shownIn(rows);
  const all = /NET|inspect|forward SMALL|compare SMALL/.test(command);
  if (!/convert|probe/.test(command)) expect(shown).toEqual(all ? kinds : expect.arrayContaining([kinds[0]]));
});
