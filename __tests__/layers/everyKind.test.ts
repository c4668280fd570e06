import { getEngine } from '../../src/engines/index.js';
import { RnnError } from '../../src/errors.js';
import { getLayerKind, layerKinds } from '../../src/layers/index.js';
import { checkSpec } from '../../src/model/check.js';
import { layerText } from '../../src/model/layersLine.js';
import { parseLayers } from '../../src/model/parse.js';
import { inferShapes, weightShapesByLayer } from '../../src/model/shapes.js';
import { drawInput, drawWeights } from '../../src/weights/init.js';
import { IMAGES, SEQUENCES, VOLUMES } from '../helpers/everyKind.js';
import { expectClose, TOLERANCE } from '../helpers/expectClose.js';

async function inBothEngines(layer: object, shape: readonly number[]) {
  const model = checkSpec({ input: { shape: [...shape] }, layers: [layer] });
  const weights = drawWeights(model, weightShapesByLayer(inferShapes(model)), { seed: '7', init: 'standard_normal', rng: 'seedrandom' });
  const x = drawInput([3, ...shape], { seed: '7' });
  const [f64, f32] = await Promise.all(
    (['manual', 'batched'] as const).map(name =>
      getEngine(name).run(model, weights, { x }, { dtype: name === 'manual' ? 'f64' : 'f32', threads: 1, trace: false }),
    ),
  );
  return { f64: f64.y, f32: f32.y, shape: inferShapes(model).output.map(d => d.size) };
}

describe('both engines compute the same, of the shape that is said, for', () => {
  const cases = [
    ...SEQUENCES.map(l => [l, [11, 6]] as const),
    ...IMAGES.map(l => [l, [5, 7, 4]] as const),
    ...VOLUMES.map(l => [l, [4, 5, 6, 2]] as const),
  ];
  it.each(cases)('%j', async (layer, shape) => {
    const { f64, f32, shape: said } = await inBothEngines(layer, shape);
    expect(f64.shape.slice(1)).toEqual(said.slice(1));
    expectClose(f32, f64, TOLERANCE.float32);
  });
});

describe('any number of inputs of any rank is read, or refused by name:', () => {
  const others = [
    ...['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate', 'dot', 'eachstep', 'allsteps'].map(kind => ({
      kind,
      axes: 1,
    })),
    ...['attention', 'additiveattention'].flatMap(kind => [{ kind }, { kind, attentionMask: true, causal: true }]),
    { kind: 'multiheadattention', heads: 2, units: 2 },
    { kind: 'multiheadattention', heads: 4, keyHeads: 2, units: 2, attentionMask: true },
    { kind: 'hashing', bins: 3 },
    { kind: 'spectrogram', frameLength: 4 },
    { kind: 'embedding', tokens: 5, units: 2 },
    { kind: 'lstm', units: 2 },
    { kind: 'op', op: 'Add' },
  ];
  const own = ({ axes, kind, ...layer }: { axes?: number; kind: string }) =>
    kind === 'dot' ? { kind, axes, ...layer } : { kind, ...layer };
  it.each([...SEQUENCES, ...IMAGES, ...VOLUMES, ...others.map(own)])('%j', layer => {
    const { kind } = layer as { kind: string };
    for (const shape of [[5], [5, 6], [5, 6, 4], [5, 6, 4, 3]])
      for (let count = 1; count < 5; count++) {
        const spec = { input: { shape }, layers: [{ ...layer, inputs: Array(count).fill('input') }] };
        let found: unknown = 'is read';
        try {
          inferShapes(checkSpec(spec));
        } catch (error) {
          found = error;
        }
        if (found === 'is read') expect([kind, count > 1 && !getLayerKind(kind).joins]).toEqual([kind, false]);
        else expect(found).toBeInstanceOf(RnnError);
      }
  });

  it('a layer that reads one says so', () => {
    const layers = [
      { kind: 'dense', units: 2, name: 'a' },
      { kind: 'lstm', units: 2, inputs: ['input', 'a'] },
    ];
    expect(() => checkSpec({ input: { timesteps: 4, features: 3 }, layers })).toThrow('lstm reads one input, and 2 are given');
  });
});

it('every word of the grammar is read', () => {
  const words = layerKinds().flatMap(({ name, grammar }) => (grammar ? [{ name, word: grammar.word ?? name, sizes: grammar.sizes }] : []));
  for (const { name, word, sizes } of words) {
    const line = sizes ? `${word}:${sizes.example}` : word;
    expect([line, parseLayers(line).layers[0].kind]).toEqual([line, name]);
  }
});

it('sizes of the grammar are fields of the layer, and so are its options', () => {
  const parsed = (line: string) => JSON.stringify(parseLayers(line).layers[0]);
  for (const { name, grammar } of layerKinds()) {
    if (!grammar) continue;
    const word = grammar.word ?? name;
    const line = grammar.sizes ? `${word}:${grammar.sizes.example}` : word;
    const numbers: readonly string[] = (grammar.sizes?.example ?? '').match(/\d+/g) ?? [];
    const kept: readonly string[] = parsed(line).match(/\d+/g) ?? [];
    expect([line, numbers.filter(n => !kept.includes(n))]).toEqual([line, []]);
    for (const [option, given] of Object.entries(grammar.options ?? {})) {
      const own = `${'bidirectional' in given ? 'bi' : ''}${line}+${option}${'set' in given ? '' : '=3'}`;
      const wanted =
        'set' in given
          ? JSON.stringify(given.set).slice(1, -1)
          : `"${'number' in given ? given.number : given.size}":${'axes' in given && given.axes ? `[3${',3'.repeat(given.axes - 1)}]` : 3}`;
      expect([own, parsed(own).includes(wanted)]).toEqual([own, true]);
    }
  }
});

it('what the grammar reads it also writes: sizes, options, an activation', () => {
  const written = (line: string) => layerText(parseLayers(line).layers[0], 'keras');
  /** options that say what is so without them */
  const usual = /\+(valid|last|resetafter|concat)$/;
  for (const { name, grammar } of layerKinds()) {
    if (!grammar) continue;
    const { word = name, sizes, number, activation, options = {} } = grammar;
    const line = `${word}${sizes ? `:${sizes.example}` : number ? `:${number.example}` : ''}${activation ? '@elu' : ''}`;
    const more = Object.entries(options).map(
      ([option, given]) => `${'bidirectional' in given ? 'bi' : ''}${line}+${option}${'set' in given ? '' : '=3'}`,
    );
    for (const text of [line, ...more]) {
      const short = sizes?.fields.some(field => typeof field !== 'string' && field.oneForAll)
        ? text.replace(/:(\d+)(?:x\1)+/, ':$1')
        : text;
      expect([text, written(text)]).toEqual([text, short.replace(usual, '')]);
    }
  }
});

it.each(['numpy', 'torch'] as const)('no two layers give different %s functions the same name', target => {
  const functions = layerKinds().flatMap(({ name, scripts }) => {
    const texts = scripts?.[target]?.helpers?.trim().split(/\n+(?=def )/) ?? [];
    return texts.map(text => ({ layer: name, name: /^def (\w+)/.exec(text)?.[1], text }));
  });
  expect(functions.length).toBeGreaterThan(20);
  const clashes = functions.filter(f => functions.some(other => other.name === f.name && other.text !== f.text));
  expect(clashes.map(f => `${f.layer}: ${f.name}`)).toEqual([]);
});
