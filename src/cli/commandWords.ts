import type { CommandName, CommandWord, FlagValue } from './flag.js';

// biome-ignore format: a table
export const SCHEMAS = [
  'shapes', 'forward', 'compare', 'compare-models', 'compare-arrays', 'inspect', 'convert', 'probe', 'explain', 'error', 'spec',
] as const;

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

const MODELS = ['keras', 'h5', 'onnx', 'pt2', 'npz', 'safetensors', 'pt', 'pth', 'json', 'index'];

const MODEL_FILES: FlagValue = { kind: 'file', extensions: MODELS, stdin: true };

/** The file's content decides whether it is the network or its weights. */
const NETWORK_FILE: CommandWord = { key: 'network', name: 'FILE', value: MODEL_FILES, optional: true };

/** The commands in the order of the help, with their positional arguments. */
export const COMMAND_WORDS: Record<CommandName, readonly CommandWord[]> = {
  shapes: [NETWORK_FILE],
  forward: [NETWORK_FILE],
  compare: [
    { key: 'first', name: 'A', value: MODEL_FILES, optional: true },
    { key: 'second', name: 'B', value: { kind: 'file', extensions: MODELS }, optional: true },
  ],
  inspect: [{ key: 'file', name: 'FILE', value: MODEL_FILES, help: 'a model, or weights' }],
  convert: [
    { key: 'file', name: 'IN', value: MODEL_FILES, help: 'a model, or weights' },
    {
      key: 'output',
      name: 'OUT',
      value: { kind: 'file', extensions: ['npz', 'safetensors', 'onnx', 'json', 'h5', 'keras'], output: true },
      help: 'the file to write',
    },
  ],
  probe: [NETWORK_FILE],
  explain: [{ key: 'topic', name: 'CODE|TERM', value: { kind: 'text', names: 'topics' }, optional: true }],
  schema: [{ key: 'document', name: 'NAME', value: { kind: 'choice', choices: SCHEMAS }, optional: true }],
  completion: [
    {
      key: 'shell',
      name: 'SHELL',
      value: { kind: 'choice', choices: SHELLS, instead: 'other shells, tcsh among them, have no completion here' },
      help: 'the shell to complete in',
    },
  ],
};

export const COMMANDS = Object.keys(COMMAND_WORDS) as CommandName[];
