import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RnnError } from '../../src/errors.js';
import type { Line } from '../../src/layers/operatorLine.js';
import { lineOf } from '../../src/layers/operatorLines.js';
import { OPERATORS } from '../../src/ops/index.js';

/**
 * The line of every operator in a script of each library, of three operands whatever it takes, in operatorLines.txt (UPDATE_OUT=1 npx jest layers/operatorLines writes it anew, for a person
 * to read). That the lines compute what the operators do is tested by running them (npm run live:emit).
 */
const table = join(__dirname, 'operatorLines.txt');
const LIBRARIES = ['np', 'torch', 'keras.ops'] as const;
const NUMBERS: Readonly<Record<string, (i: number) => number[] | undefined>> = {
  computed: () => undefined,
  '[1]': () => [1],
  '[1, 0, 2]': () => [1, 0, 2],
};
const ATTRIBUTES: readonly Record<string, unknown>[] = [
  {},
  {
    axis: -1,
    keepdims: 0,
    to: 6,
    perm: [0, 2, 1],
    equation: 'nij,nkj->nik',
    alpha: 0.25,
    beta: 0.75,
    exclusive: 1,
    reverse: 1,
    mode: 'max',
    num_outputs: 2,
  },
];

function lineFor(
  op: string,
  lib: (typeof LIBRARIES)[number],
  numbers: (i: number) => number[] | undefined,
  attributes: object,
): string | undefined {
  const names = ['a', 'b', 'c'];
  const line = {
    lib,
    layer: { kind: 'op', name: 'o', op, inputs: names, operands: null, attributes, kerasClass: null },
    all: names,
    arrays: names.map(name => `array(${name})`),
    shapes: names.map(() => [2, 3, 4]),
    outputs: [[2, 3, 4]],
    types: names.map(() => 'f32'),
    numbers,
    activation: (spec: unknown, x: string) => `act(${JSON.stringify(spec)}, ${x})`,
  } as unknown as Line;
  try {
    const text = lineOf(line) ?? '–';
    // an attribute is missing that no description of the operator leaves out
    return text.includes('undefined') ? undefined : text;
  } catch (error) {
    return error instanceof RnnError ? `refused: ${error.message}` : undefined;
  }
}

/** What a line depends on, in brackets: known numbers of operands, attributes. */
function linesOf(op: string): string {
  const lines = LIBRARIES.flatMap(lib => {
    const said = new Map<string, string[]>();
    for (const [words, numbers] of Object.entries(NUMBERS))
      for (const attributes of ATTRIBUTES) {
        const text = lineFor(op, lib, numbers, attributes);
        if (text !== undefined)
          said.set(text, [...(said.get(text) ?? []), `${words}${attributes === ATTRIBUTES[0] ? '' : ' with attributes'}`]);
      }
    return [...said].map(([text, where]) => (said.size === 1 ? `${lib}: ${text}` : `${lib}: ${text}    (${where.join('; ')})`));
  });
  return lines.every(line => line.endsWith(': –')) ? `== ${op} is in no script` : [`== ${op}`, ...lines].join('\n');
}

const recorded = new Map(
  readFileSync(table, { encoding: 'utf8', flag: 'a+' })
    .trimEnd()
    .split(/\n(?=== )/)
    .map(text => [text.split(/\s/)[1], text]),
);
const found: string[] = [];
afterAll(() => {
  if (process.env.UPDATE_OUT === '1') writeFileSync(table, `${found.join('\n')}\n`);
});

it.each(Object.keys(OPERATORS).sort())('%s', op => {
  const text = linesOf(op);
  found.push(text);
  if (process.env.UPDATE_OUT !== '1') expect(text.split('\n')).toEqual(recorded.get(op)?.split('\n'));
});
