import { TARGETS } from '../../run/convertFormats.js';
import { RANGES } from '../../run/request.js';
import { flags, MODELS, RUNS } from './row.js';

export const STYLES = ['box', 'plain', 'ascii', 'markdown', 'csv'] as const;

/** Flags of what is printed, drawn and written. */
export const OUTPUT = flags('Output', ['shapes', 'forward', 'compare', 'inspect', 'convert'], {
  to: {
    flags: '--to <name>',
    value: { kind: 'choice', choices: TARGETS },
    default: 'by the extension of OUT',
    help: 'keras: get_weights() as .npz; torch: a state dict; onnx: a standard graph; npz, safetensors, json: the same weights in that format',
    commands: ['convert'],
  },
  sha256: { flags: '--sha256', help: 'print only the digest of the file', commands: ['inspect'] },
  expectSha256: {
    flags: '--expect-sha256 <hex>',
    value: { kind: 'text' },
    help: 'refuse a file with another digest',
    commands: ['inspect'],
  },
  emit: {
    flags: '--emit <name>',
    value: { kind: 'choice', choices: ['keras', 'torch', 'numpy'], instead: 'the script is printed: --emit keras > model.py' },
    help: 'print a Python script with the same weights and input that gives the same y',
    otherNames: 'script code generate',
    commands: ['forward'],
  },
  summary: { flags: '--summary', help: "print what Keras' model.summary() prints", commands: ['shapes'] },
  showTrainable: { flags: '--show-trainable', help: 'with --summary: the column Trainable', commands: ['shapes'] },
  states: {
    flags: '--states',
    help: 'print h of every step; compare: the other file holds hidden states',
    otherNames: 'hidden-states all-states return-hidden hiddens',
    commands: ['forward', 'compare'],
  },
  trace: {
    flags: '--trace [FILE]',
    value: { kind: 'file', extensions: ['npz', 'json'], output: true },
    help: 'every h and every gate, as tables or into FILE.npz',
    otherNames: 'gates intermediate dump',
    commands: ['forward'],
  },
  sample: {
    flags: '--sample <n>',
    value: { kind: 'size', ...RANGES.sample },
    help: 'the hand calculation or the picture of one sample, counted from 1',
    commands: ['forward'],
  },
  step: {
    flags: '--step <t>',
    value: { kind: 'size', ...RANGES.step },
    help: 'the hand calculation of one step, counted from 1',
    commands: ['forward'],
  },
  unit: {
    flags: '--unit <m>',
    value: { kind: 'size', ...RANGES.unit },
    help: 'every product and sum behind the numbers of one unit',
    commands: ['forward'],
  },
  plot: { flags: '--plot', help: 'draw states and gates as heat maps, units down, time across', commands: ['forward'] },
  svg: {
    flags: '--svg <FILE|->',
    value: { kind: 'file', extensions: ['svg'], stdin: true, output: true },
    help: 'draw into a file: forward the heat maps, shapes the network unrolled over time',
    commands: ['shapes', 'forward'],
  },
  html: {
    flags: '--html <FILE|->',
    value: { kind: 'file', extensions: ['html'], stdin: true, output: true },
    help: 'write one interactive page that opens without a server',
    otherNames: 'page interactive report',
    commands: ['shapes', 'forward', 'compare', 'inspect'],
  },
  mermaid: { flags: '--mermaid', help: 'print the network as a Mermaid flowchart', commands: ['shapes'] },
  out: {
    flags: '-o, --out <FILE|->',
    value: { kind: 'file', extensions: ['npy', 'npz', 'csv', 'json', 'jsonl'], stdin: true, output: true },
    help: 'forward: save y, by extension (.npz: all outputs); - is .npy on stdout, -.csv and -.jsonl text; probe: save x and weights',
    otherNames: 'save save-to outfile out-file output-file export write dest',
    commands: ['forward', 'probe'],
  },
  output: {
    flags: '--output <NAME>',
    value: { kind: 'text' },
    default: 'all, the first as y',
    help: 'which output is y, if the network has several',
    commands: ['forward'],
  },
  chunk: {
    flags: '--chunk <n>',
    value: { kind: 'size', least: 1 },
    default: 'from the size of the network',
    help: 'samples computed at a time for a large input that is written to a file; the output is the same, bit for bit',
    otherNames: 'batch-rows chunk-size',
    commands: ['forward'],
  },
  force: {
    flags: '--force',
    help: 'overwrite an existing file',
    otherNames: 'overwrite',
    commands: ['shapes', 'forward', 'compare', 'inspect', 'probe', 'convert'],
  },
  json: {
    flags: '--json',
    help: 'one JSON document on one line',
    otherNames: 'as-json to-json',
    commands: [...MODELS, 'explain'],
  },
  jsonl: { flags: '--jsonl', help: 'one line of JSON per sample', otherNames: 'ndjson', commands: ['forward'] },
  precision: {
    flags: '--precision <n>',
    value: { kind: 'size', least: 1, most: 17 },
    default: '6',
    help: 'digits of printed values',
    otherNames: 'digits round',
    commands: RUNS,
  },
  full: { flags: '--full', default: 'always if stdout is not a terminal', help: 'print all rows', otherNames: 'all', commands: RUNS },
  style: {
    flags: '--style <name>',
    value: { kind: 'choice', choices: STYLES },
    default: 'box; plain if stdout is not a terminal; ascii if the locale is not UTF-8',
    help: 'how tables are drawn',
    otherNames: 'format',
  },
  width: {
    flags: '--width <n>',
    value: { kind: 'size', least: 20, most: 10000 },
    default: 'that of the terminal',
    help: 'characters in a line',
    otherNames: 'line-length columns',
  },
});
