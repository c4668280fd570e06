import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { emitScript } from '../../src/run/emit/script.js';
import type { Network } from '../../src/run/network/network.js';
import type { Prepared } from '../../src/run/prepare.js';
import { sizeOf, tensor } from '../../src/tensor/tensor.js';
import { testSections } from '../helpers/sectionTable.js';

/**
 * How each line of kerasLayers is written in a script: the lines of its layers, in kerasScripts.txt (UPDATE_OUT=1 npx jest layers/kerasScripts writes it
 * anew). That the scripts give Keras' y was seen by running all of them: SCRIPTS=folder writes them there, scripts/live/scripts.py runs them.
 */
interface Case {
  readonly line: string;
  readonly model: unknown;
  readonly weights: readonly (readonly [shape: readonly number[], variance: boolean])[];
  readonly inputs: readonly string[];
}
const reference = join(__dirname, '..', 'reference', 'kerasLayers.json');
const { inputs, cases } = JSON.parse(readFileSync(reference, 'utf8')) as {
  inputs: Readonly<Record<string, { shape: readonly number[]; data: readonly number[] }>>;
  cases: readonly Case[];
};
const table = join(__dirname, 'kerasScripts.txt');
const TARGETS = ['numpy', 'torch', 'keras'] as const;

function prepared(c: Case): Prepared {
  const model = checkSpec(specFromKerasConfig(c.model), 'keras');
  const shapes = inferShapes(model);
  const weightOf = ([shape, variance]: Case['weights'][number], k: number) => {
    const value = (i: number) => (((i + 3 * k) * 7) % 11) / 8 - 0.625;
    return tensor(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => (variance ? Math.abs(value(i)) + 0.5 : value(i))),
    );
  };
  const weights = keras.toWeights(shapes, new Map(c.weights.map((w, k) => [`arr_${k}`, weightOf(w, k)])));
  const [x, ...others] = c.inputs.map(name => tensor(inputs[name].shape, Float32Array.from(inputs[name].data)));
  const network: Network = { framework: 'keras', model, shapes, weightsSource: null, notes: [], assumptions: [] };
  const input = { x, ...(others.length > 0 ? { others: new Map(others.map((t, i) => [c.inputs[i + 1], t])) } : {}) };
  return { network, weights, input, promises: { weights: null, input: null } } as unknown as Prepared;
}

/** The lines of the layers, behind the last function and without the numbers of arrays. */
function shown(script: string): string[] {
  const lines = script.trimEnd().split('\n');
  const defined = lines.findLastIndex(line => /^(def |import |from )/.test(line));
  const end = lines.findIndex((line, i) => i > defined && /^\S/.test(line));
  const own = lines.slice(end).filter(line => /^\s*(v\d|for|if)/.test(line));
  return own.map(line => line.trim().replace(/array\("[^"]*"/g, 'array(…'));
}

function answer(c: Case, target: (typeof TARGETS)[number]): string {
  try {
    const script = emitScript(prepared(c), target);
    if (process.env.SCRIPTS) writeFileSync(join(process.env.SCRIPTS, `${cases.indexOf(c)}.${target}.py`), script);
    return shown(script)
      .map(line => `  ${line}`)
      .join('\n');
  } catch (error) {
    if (!(error instanceof RnnError)) throw error;
    return `  ${error.code} ${error.message}`;
  }
}

const byLine = new Map(cases.map(c => [c.line, c]));
testSections(table, [...byLine.keys()], line => TARGETS.flatMap(target => [target, answer(byLine.get(line)!, target)]));
