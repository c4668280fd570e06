import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { RnnError } from '../../src/errors.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { errorLine } from '../helpers/approved.js';
import { testSections } from '../helpers/sectionTable.js';

/**
 * Every option and argument of every class that Keras wrote into kerasLayers.json and kerasOperators.json, left out and with values of other kinds: what
 * becomes of the layer, or why it is refused, in kerasOptions.txt (UPDATE_OUT=1 npx jest conventions/kerasOptions writes it anew).
 */
type Json = Record<string, any>;
const recorded = (name: string): { model: Json }[] =>
  JSON.parse(readFileSync(join(__dirname, '..', 'reference', `${name}.json`), 'utf8')).cases;
/** Small ones first: each option is tried where it is read fastest. */
const models = [...recorded('kerasLayers'), ...recorded('kerasOperators')]
  .map(c => c.model)
  .sort((a, b) => a.config.layers.length - b.config.layers.length);

/** Options that say nothing about what is computed. */
const BESIDE =
  /^(name|trainable|dtype|seed|quantization_config|.*_(initializer|regularizer|constraint)|activity_regularizer|build_config|batch_shape)$/;

/** An option of a class: where it stands in a model, and the values that Keras wrote there. */
interface Option {
  readonly model: Json;
  readonly layer: number;
  readonly path: readonly (string | number)[];
  readonly values: Set<string>;
}

function optionsOf(): Map<string, Map<string, Option>> {
  const classes = new Map<string, Map<string, Option>>();
  for (const model of models)
    model.config.layers.forEach((layer: Json, i: number) => {
      if (layer.class_name === 'InputLayer') return;
      const options = classes.get(layer.class_name) ?? new Map<string, Option>();
      classes.set(layer.class_name, options);
      const calls = (layer.inbound_nodes ?? []).slice(0, 1);
      const parts: [string, readonly (string | number)[], Json][] = [
        ['', ['config'], layer.config],
        ...calls.flatMap((call: Json): [string, readonly (string | number)[], Json][] => [
          ['', ['inbound_nodes', 0, 'args'], call.args],
          ['', ['inbound_nodes', 0, 'kwargs'], call.kwargs],
        ]),
      ];
      for (const [, path, own] of parts)
        for (const key of Object.keys(own)) {
          if (BESIDE.test(key)) continue;
          const name = path.length === 1 ? key : Array.isArray(own) ? `argument ${key}` : `${key}=`;
          const option = options.get(name);
          if (option) option.values.add(JSON.stringify(own[key]));
          else options.set(name, { model, layer: i, path: [...path, key], values: new Set([JSON.stringify(own[key])]) });
        }
    });
  return classes;
}

const isTruth = (text: string) => text === 'true' || text === 'false';
const isTensor = (text: string) => text.includes('__keras_tensor__');

/** Values of other kinds, beside those that Keras wrote; a tensor may be missing or a number. */
function othersFor({ values }: Option): string[] {
  const written = [...values].filter(v => !isTensor(v)).slice(0, 4);
  const first = written[0];
  if (first === undefined) return ['2'];
  const others = isTruth(first) ? ['true', 'false', '1', '0'] : ['1.5', '[2,1]'];
  const instead = [...written, 'null', '"x"', '-1', ...others];
  return [...new Set(instead)];
}

const short = (text: string) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

function read(model: Json): { layers: string[]; shape: string } | string {
  try {
    const spec = specFromKerasConfig(model) as { layers: Json[] };
    const checked = checkSpec(spec, 'keras');
    return {
      layers: spec.layers.map(l => JSON.stringify(l)),
      shape: inferShapes(checked)
        .output.map(d => d.size)
        .join('×'),
    };
  } catch (error) {
    if (error instanceof RnnError) return errorLine(error);
    throw error;
  }
}

/** Fields of the layers that are not as before. */
function changes(before: ReturnType<typeof read>, after: ReturnType<typeof read>): string {
  if (typeof after === 'string') return after;
  if (typeof before === 'string') return 'is read';
  const own = after.layers.flatMap((text, i) => {
    if (text === before.layers[i]) return [];
    const [a, b]: Json[] = [JSON.parse(before.layers[i] ?? '{}'), JSON.parse(text)];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])]
      .filter(key => !/^(name|inputs)$/.test(key) && JSON.stringify(a[key]) !== JSON.stringify(b[key]))
      .map(key => `${key} ${short(JSON.stringify(a[key]) ?? 'none')} → ${short(JSON.stringify(b[key]) ?? 'none')}`);
  });
  return (
    [
      ...own,
      ...(after.layers.length !== before.layers.length ? [`${after.layers.length} layers`] : []),
      ...(after.shape !== before.shape ? [after.shape] : []),
    ].join('; ') || 'the same'
  );
}

/** The model of an option with another value of it, or without it. */
function changed(option: Option, value: unknown): Json {
  const model = structuredClone(option.model);
  const { path } = option;
  const holder = path.slice(0, -1).reduce((at: any, key) => at[key], model.config.layers[option.layer]);
  if (value === undefined) {
    if (Array.isArray(holder)) holder.length = Number(path.at(-1));
    else delete holder[path.at(-1)!];
  } else holder[path.at(-1)!] = value;
  return model;
}

const classes = optionsOf();
const known = new Map<Json, ReturnType<typeof read>>();
const right = (model: Json) => known.get(model) ?? known.set(model, read(model)).get(model)!;

/** An error without what was found, which stands beside it. */
function worded(became: string, value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  const shown = [
    text,
    text.replaceAll('"', ''),
    JSON.stringify(text),
    text.replaceAll('"', "'"),
    Array.isArray(value) ? 'a list' : 'nothing',
  ];
  const found = /^\d E_/.test(became) ? shown : [];
  return found.reduce(
    (words, own) =>
      words
        .replaceAll(` ${own} |`, ' … |')
        .replaceAll(`found ${own}`, 'found …')
        .replace(/found: .*?(?= \| fix|$)/, 'found: …'),
    became,
  );
}

testSections(join(__dirname, 'kerasOptions.txt'), [...classes.keys()], className =>
  [...classes.get(className)!].flatMap(([name, option]) => {
    const before = right(option.model);
    const said = new Map<string, string[]>();
    for (const value of [undefined, ...othersFor(option).map(text => JSON.parse(text))]) {
      const became = worded(changes(before, read(changed(option, value))), value);
      said.set(became, [...(said.get(became) ?? []), value === undefined ? 'left out' : short(JSON.stringify(value))]);
    }
    // Keras takes keepdims=1 for what keepdims=True says
    const when = (value: string) => [...said].find(([, given]) => given.includes(value))?.[0];
    if (when('true') !== undefined) expect([name, when('1'), when('0')]).toEqual([name, when('true'), when('false')]);
    return [...said].map(
      ([became, given]) => `  ${name} ${given.join(' or ')}: ${became.length > 260 ? `${became.slice(0, 259)}…` : became}`,
    );
  }),
);
