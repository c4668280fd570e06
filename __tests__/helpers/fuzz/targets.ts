import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { entry, header, snappy, table } from '../tableBytes.js';
import {
  mutateCsv,
  mutateHdf5,
  mutateJson,
  mutateNpy,
  mutateProtobuf,
  mutateSafetensors,
  mutateTable,
  mutateZip,
  type Structured,
} from './structured.js';

/** What is mutated: for every reader good files to start from, files that must stay refused, and changes that fit its structure. */
export interface Target {
  readonly reader: string;
  /** good files: name, bytes */
  readonly seeds: readonly (readonly [string, Buffer])[];
  /** files that every build must refuse */
  readonly bad: readonly (readonly [string, Buffer])[];
  readonly structured?: Structured;
  /** every content byte is under a checksum: a single flipped bit is refused or changes nothing */
  readonly checksummed: boolean;
}

const STRUCTURED: Readonly<Record<string, Structured>> = {
  npy: mutateNpy,
  npz: mutateZip,
  pt: mutateZip,
  pt2: mutateZip,
  keras: mutateZip,
  safetensors: mutateSafetensors,
  json: mutateJson,
  tfjs: mutateJson,
  jsonl: mutateJson,
  csv: mutateCsv,
  h5: mutateHdf5,
  onnx: mutateProtobuf,
  tensorbundle: mutateTable,
};

const MADE: Readonly<Record<string, readonly string[]>> = {
  csv: ['1,2,3\n4,5,6\n7,8,9.5\n', 'a,b\n-1e-3,nan\n2.5,inf\n', '1;2.5\n3;4.5\n', '"1",2\r\n3,"4"\r\n', '1\t2\n3\t4\n'],
  json: [
    '[[1,2],[3,4.5]]',
    '{"x":[[1,2,3]],"y":{"shape":[2,1],"data":[1,"NaN"]},"name":"a"}',
    '{"schema":"rnn-cli/forward@1","dtype":"float32","shape":[1,2],"y":[[0.25,"-Infinity"]]}',
    '{"__proto__":[1],"constructor":[2]}',
    '[true,false]',
  ],
  printed: [
    '[[ 0.25 -1.5 ]\n [ 3.   inf]]\n',
    'array([[1., 2.],\n       [3., 4.]], dtype=float32)\n',
    'tensor([[ 0.1, -2e-3],\n        [ nan,  4.0]])\n',
  ],
  jsonl: ['[1,2]\n[3,4]\n', '{"x":[1,2],"id":"a"}\n{"x":[3,4],"id":"b"}\n', '[[1],[2]]\n\n[[3],[4]]\n'],
};

const TFJS = (weights: string, path = 'w24.bin') =>
  `{"format":"layers-model","generatedBy":"keras","modelTopology":{"class_name":"Sequential","config":{}},"weightsManifest":[{"paths":["${path}"],"weights":[${weights}]}]}`;
const MADE_TFJS: readonly (readonly [string, string])[] = [
  ['model.json', TFJS('{"name":"lstm/kernel","shape":[2,3],"dtype":"float32"}')],
  ['quantised.json', TFJS('{"name":"a","shape":[24],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.5,"min":-1}}')],
  ['two.json', TFJS('{"name":"a","shape":[2],"dtype":"int32"},{"name":"b","shape":[4,1],"dtype":"float32"}')],
  ['half.json', TFJS('{"name":"h","shape":[3,4],"dtype":"float32","quantization":{"dtype":"float16"}}')],
];

// the numbers are those of the campaign's readPart
const BUNDLE = [
  ['', header()],
  ['lstm/bias', entry({ shape: [2], size: 8, crc: 0x774cd993 })],
  ['lstm/kernel', entry({ offset: 8, crc: 0x461d1d10 })],
] as const;
const MADE_BUNDLES: readonly (readonly [string, Buffer])[] = [
  ['plain.index', table(BUNDLE)],
  ['snappy.index', table(BUNDLE, { compression: 1, pack: snappy, perBlock: 2 })],
];

/** Bad as networks, good as files: the convention refuses them, not the reader. */
const BAD_NETWORKS = /^onnx_bad_(activation|bidir_w1|direction|hidden_mismatch|op|seq_lens|w_rank)\./;

/** where the good files of a reader are, other than among the models */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  tensorbundle: ['checkpoints'],
  pt2: ['pt2'],
  pt: ['models/torch', 'torch_saved'],
  onnx: ['models/torch', 'onnx_models'],
};
const PREFIX: Readonly<Record<string, string>> = { safetensors: 'st' };
const MOST_BYTES = 64 * 1024;
const MOST_SEEDS = 24;

/** @param root folder of the reference data */
export function targetOf(reader: string, extensions: readonly string[], root: string): Target {
  const bundles = reader === 'tensorbundle' ? MADE_BUNDLES : [];
  const texts = reader === 'tfjs' ? MADE_TFJS : (MADE[reader] ?? []).map((text, i) => [`made${i}.${extensions[0]}`, text] as const);
  const made = [...texts.map(([name, text]) => [name, Buffer.from(text)] as const), ...bundles];
  const corrupt = join(root, 'corrupt');
  const prefix = PREFIX[reader] ?? reader;
  const named = (kind: string) =>
    readdirSync(corrupt)
      .filter(name => name.startsWith(`${prefix}_${kind}_`) && !BAD_NETWORKS.test(name))
      .map(name => [name, readFileSync(join(corrupt, name))] as const);
  const models = (FOLDERS[reader] ?? ['models/keras', 'models/torch']).flatMap(folder => filesIn(join(root, folder), extensions));
  const seeds = [...made, ...named('ok'), ...(reader === 'json' ? [] : models)].filter(([, bytes]) => bytes.length <= MOST_BYTES);
  return {
    reader,
    seeds: thinned(seeds, MOST_SEEDS),
    bad: [
      ...named('bad'),
      ...MADE_BAD.filter(([name]) => extensions.includes(name.split('.')[1] ?? '')).map(([n, t]) => [n, Buffer.from(t)] as const),
    ],
    structured: STRUCTURED[reader],
    checksummed: ['npz', 'pt', 'pt2', 'keras'].includes(reader),
  };
}

const MADE_BAD: readonly (readonly [string, string])[] = [
  ['ragged.csv', '1,2\n3\n'],
  ['words.csv', '1,2\n3,four\n'],
  ['duplicate.json', '{"a":1,"a":2}'],
  ['ragged.json', '[[1,2],[3]]'],
  ['ragged.jsonl', '[1,2]\n[3]\n'],
];

function filesIn(folder: string, extensions: readonly string[]): (readonly [string, Buffer])[] {
  return readdirSync(folder)
    .filter(name => extensions.some(extension => name.endsWith(`.${extension}`)) && statSync(join(folder, name)).size <= MOST_BYTES)
    .sort()
    .map(name => [basename(name), readFileSync(join(folder, name))] as const);
}

/** At most `most`, spread evenly over the list. */
function thinned<T>(list: readonly T[], most: number): T[] {
  const step = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(most, list.length) }, (_, i) => list[Math.floor(i * step)]);
}
