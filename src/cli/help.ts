import { READING_WIDTH, wrapText } from '../report/text.js';
import { COMMAND_WORDS } from './commandWords.js';
import { type CommandName, type Flag, type FlagGroup, spellings, usualSpelling } from './flag.js';
import { FLAGS, flagsOf } from './options.js';

/** Help pages: examples first, then all flags, from the tables in flags/. */

interface CommandHelp {
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, why: string])[];
  /** paragraphs with what the flags do not say */
  readonly about: readonly string[];
}

export const COMMAND_HELP: Record<CommandName, CommandHelp> = {
  shapes: {
    summary: 'layer table: shapes, weights, parameters, multiply-adds, memory',
    examples: [
      ['rnn-cli shapes', 'the tutorial network: T=10 D=3 M=5 K=2'],
      ['rnn-cli shapes --T 10 --D 3 --M 5 --K 2 --cell lstm', 'four gates: 192 parameters'],
      ['rnn-cli shapes --layers "lstm:64,gru:32,dense:10" --D 3', 'a network on one line'],
      ['rnn-cli shapes net.keras --summary', "as Keras' model.summary() prints it"],
      ['rnn-cli shapes --M 64 --json | jq .totals.params', 'one number for a script'],
    ],
    about: [
      'Counts are summed from the shapes of the weights; the formula only explains them.',
      'A layer of --layers is [bi]kind[:units][@activation[/activation of the gates]][+option…]; kinds: rnn lstm gru dense maxpool avgpool last flatten embedding:VxD masking[:v] dropout:p repeat:n; options: +seq +last +nobias +resetbefore +resetafter +backwards +stateful +sum|ave|mul|concat +proj=P +peepholes +name=enc +x3.',
      'More kinds: mgu activation@relu conv:FILTERSxSIZE conv2d:64x5x5 convtranspose1d convtranspose2d separable1d separable2d depthwise1d:SIZE depthwise2d maxpool1d[:width] maxpool2d avgpool1d avgpool2d globalmaxpool2d globalavgpool2d adaptivemaxpool1d:n adaptiveavgpool1d:n adaptivemaxpool2d:4x3 adaptiveavgpool2d resize:HEIGHTxWIDTH batchnorm layernorm rmsnorm unitnorm groupnorm:groups prelu reshape:AxB permute:2x1 zeropad1d[:width] zeropad2d crop1d crop2d upsample1d[:times] upsample2d; their options: +same +valid +causal +stride=n +dilation=n +groups=n +multiplier=n, embedding +maskzero.',
    ],
  },
  forward: {
    summary: 'run the network, print or save the output',
    examples: [
      ['rnn-cli forward --N 4', 'seeded weights and input: the same y for the same seed'],
      ['rnn-cli forward net.keras -i x.npy', 'a Keras, PyTorch or ONNX model'],
      ['rnn-cli forward --weights w.npz -i x.npy -o y.npy', "np.savez('w.npz', *model.get_weights()) in Keras"],
      ['rnn-cli forward --layers "lstm:8,dense:1" --D 3 --states', 'h of every step'],
      ['rnn-cli forward --trace', 'every gate and state'],
      ['rnn-cli forward --json | jq .y', 'for a script'],
    ],
    about: [
      'Weights and input that no file gives are drawn from --seed. All values of y are printed with --full, or if stdout is not a terminal.',
    ],
  },
  compare: {
    summary: 'are two outputs equal, and if not, why?',
    examples: [
      ['rnn-cli compare --N 4', 'the textbook loop against the batched engine'],
      ['rnn-cli compare net.keras -i x.npy --against y.npy', 'your output against the right output'],
      ['rnn-cli compare net.keras net.onnx', 'two models, run on the same input'],
      ['rnn-cli compare --N 4 --simulate state-carry', 'h kept between samples, explained'],
      ['python my_rnn.py | rnn-cli compare net.keras -i x.npy --against -', 'y from a pipe'],
      ['rnn-cli compare net.keras -i x.npy --against y.npy -q || echo differ', 'in a script: exit 0 same, 1 different'],
    ],
    about: [
      'manual and batched share the equations of a cell, so comparing them checks products, layout and precision. The equations are checked by recorded outputs of Keras, PyTorch and ONNX in the tests, and by the onnxruntime engine.',
    ],
  },
  inspect: {
    summary: 'what is in a model file: framework, tensors, network',
    examples: [
      ['rnn-cli inspect net.keras', 'every tensor with its role and gates, and the network'],
      ['rnn-cli inspect net.onnx --json | jq .graph.unsupported', 'operators that are not run'],
      ['rnn-cli inspect w.pt --sha256', 'only the digest'],
    ],
    about: ['A network that cannot be run is not an error here: the reason is printed. A state dict does not record pooling: give --pool.'],
  },
  convert: {
    summary: 'a model or its weights in another framework, checked by a forward pass',
    examples: [
      ['rnn-cli convert net.keras net.onnx', 'a standard ONNX graph'],
      ['rnn-cli convert net.keras w.safetensors --to torch', 'a PyTorch state dict'],
      ['rnn-cli convert w.pt w.npz --to keras', 'for model.set_weights(list(np.load(file).values()))'],
    ],
    about: [
      'Both sides run on the same seeded input and the largest difference is printed. Within one framework the numbers stay as they are, bit for bit.',
    ],
  },
  probe: {
    summary: 'make an input (and weights) that distinguishes all known mistakes',
    examples: [
      ['rnn-cli probe --layers "lstm:8,dense:2" --D 3 -o probe.npz', 'the smallest x, with weights that have biases'],
      ['rnn-cli probe --weights w.npz -o x.npy', 'x for weights of your own'],
      ['rnn-cli compare --weights probe.npz -i probe.npz:x --against y.npy', 'your output for that x'],
    ],
    about: [
      'y is computed under every known mistake. The input is the smallest found for which all these outputs differ, apart from mistakes that no input shows.',
    ],
  },
  explain: {
    summary: 'one page on a mistake or a term; without one, the list of all',
    examples: [
      ['rnn-cli explain state-carry', 'what happens, how to fix it, right and wrong numbers'],
      ['rnn-cli explain return_sequences', 'a term, with shapes of small networks'],
      ['rnn-cli explain', 'the list of all pages'],
    ],
    about: ['The numbers of a page are computed when it is printed.'],
  },
  schema: {
    summary: 'the JSON Schema of a document: what --json prints, what a spec file may hold',
    examples: [
      ['rnn-cli schema', 'the names of the documents'],
      ['rnn-cli schema spec > spec.schema.json', 'for an editor that checks a spec while you write it'],
    ],
    about: ['The same files are in the package: @rnn-cli/cli/schemas/spec.schema.json.'],
  },
  completion: {
    summary: 'a script that completes commands, flags and values in your shell',
    examples: [
      ['source <(rnn-cli completion bash)', 'in ~/.bashrc'],
      ['source <(rnn-cli completion zsh)', 'in ~/.zshrc'],
      ['rnn-cli completion fish | source', 'in ~/.config/fish/config.fish'],
      ['rnn-cli completion powershell | Out-String | Invoke-Expression', 'in $PROFILE'],
    ],
    about: ['The scripts are written from the same table of flags as this page.'],
  },
};

export const TOUR = `rnn-cli shapes  --T 10 --D 3 --M 5 --K 2      which shapes and parameters?
rnn-cli forward --T 10 --D 3 --M 5 --K 2      which numbers are right?
rnn-cli compare --N 4 --simulate state-carry  are two runs equal? if not, why?
rnn-cli --help                                commands, exit codes, limits
`;

const GROUPS: readonly FlagGroup[] = ['Network', 'Weights and input', 'Computing', 'Comparing', 'Output'];

/** Flag groups that most commands share; described once, in the main help. */
const SHARED: readonly FlagGroup[] = ['General', 'Limits'];

const GROUP_NOTES: Partial<Record<FlagGroup, string>> = {
  Network: ' (one form: a file, sizes, --layers, or --model)',
  Limits: ' (what a file may ask for; a refusal names its flag)',
};

export const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'done, equal'],
  ['1', 'compared and different'],
  ['2', 'usage error'],
  ['3', 'bad or unsupported input'],
  ['4', 'reading or writing failed'],
  ['5', 'refused: over a limit'],
  ['6', 'compared, undecided'],
  ['70', 'a bug in rnn-cli'],
  ['130, 143', 'interrupted'],
];

function exitsText(width: number): string {
  const rows = [EXIT_CODES.slice(0, 4), EXIT_CODES.slice(4, 7), EXIT_CODES.slice(7)].map(
    row => `  ${row.map(code => code.join(' ')).join('   ')}\n`,
  );
  return `Exit codes\n${rows.map(row => wrapText(row, Math.min(width, READING_WIDTH), 2)).join('')}`;
}

/** The page of a command, at most `width` columns wide. */
export function commandHelp(command: CommandName, width: number): string {
  const { summary, examples, about } = COMMAND_HELP[command];
  const flags = flagsOf(command);
  const groups = GROUPS.map(group => groupText(group, flags, width)).filter(text => text !== '');
  const page = [
    wrapText(`rnn-cli ${usage(command)}: ${summary}\n`, width, 9),
    examplesText(examples),
    ...groups,
    SHARED.map(group => sharedText(group, flags, width)).join(''),
    `${about.map(text => wrapText(text, Math.min(width, READING_WIDTH))).join('\n')}\n`,
    exitsText(width),
  ];
  return page.join('\n');
}

/** Usage of a command: 'completion SHELL', 'schema [NAME]'. */
function usage(command: CommandName): string {
  return [command, ...COMMAND_WORDS[command].map(word => (word.optional ? `[${word.name}]` : word.name))].join(' ');
}

/** The page of rnn-cli itself. */
export function mainHelp(width: number): string {
  const examples = [
    COMMAND_HELP.shapes.examples[0],
    COMMAND_HELP.shapes.examples[2],
    COMMAND_HELP.forward.examples[0],
    COMMAND_HELP.compare.examples[0],
    COMMAND_HELP.compare.examples[2],
  ];
  const commands = (Object.keys(COMMAND_HELP) as CommandName[])
    .map(name => wrapText(`  ${name.padEnd(12)}${COMMAND_HELP[name].summary}\n`, width, 14))
    .join('');
  return [
    wrapText('rnn-cli: shapes, parameter counts and numbers of recurrent networks, and why two computations differ\n', width, 9),
    examplesText(examples),
    `Commands\n${commands}`,
    wrapText('rnn-cli COMMAND --help lists the flags of a command. Every size has a default, so each runs with no flags at all.\n', width),
    exitsText(width),
    ...SHARED.map(group => groupText(group, FLAGS, width)),
  ].join('\n');
}

function examplesText(examples: CommandHelp['examples']): string {
  return `Examples\n${examples.map(([command, why]) => `  ${command}\n      ${why}\n`).join('')}`;
}

const FLAG_COLUMN = 30;

function groupText(group: FlagGroup, flags: readonly Flag[], width: number): string {
  const rows = flags.filter(flag => flag.group === group);
  if (rows.length === 0) return '';
  return `${group}${GROUP_NOTES[group] ?? ''}\n${rows.map(flag => flagText(flag, width)).join('')}`;
}

/** A line for a shared group: 'General  --quiet, --verbose …: see rnn-cli --help'; '' if the command has none of its flags. */
function sharedText(group: FlagGroup, flags: readonly Flag[], width: number): string {
  const names = flags.filter(flag => flag.group === group).map(usualSpelling);
  return names.length === 0 ? '' : wrapText(`${group.padEnd(9)}${names.join(' ')}  (rnn-cli --help)\n`, width, 9);
}

/** '  --M, --units n[,n]          hidden units; …  [5]' with further lines below the text */
function flagText(flag: Flag, width: number): string {
  const argument = /[<[](.*)[>\]]$/.exec(flag.flags)?.[1];
  const optional = / \[/.test(flag.flags);
  const left = `  ${spellings(flag).join(', ')}${argument === undefined ? '' : optional ? ` [${argument}]` : ` ${argument}`}`;
  const choices = flag.value.kind === 'choice' && flag.value.choices.length > 1 ? `: ${flag.value.choices.join(', ')}` : '';
  const text = `${flag.help}${choices}${flag.default === undefined ? '' : `  [${flag.default}]`}`;
  const lines = wrapText(text, Math.max(30, Math.min(width, READING_WIDTH) - FLAG_COLUMN)).split('\n');
  const first =
    left.length < FLAG_COLUMN - 1 ? `${left.padEnd(FLAG_COLUMN)}${lines[0]}\n` : `${left}\n${' '.repeat(FLAG_COLUMN)}${lines[0]}\n`;
  return (
    first +
    lines
      .slice(1)
      .map(line => `${' '.repeat(FLAG_COLUMN)}${line}\n`)
      .join('')
  );
}
