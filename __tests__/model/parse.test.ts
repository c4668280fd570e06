import { activations } from '../../src/activations/index.js';
import { isCellName } from '../../src/cells/index.js';
import type { RnnError } from '../../src/errors.js';
import { layerKinds } from '../../src/layers/index.js';
import { checkSpec } from '../../src/model/check.js';
import { layersText } from '../../src/model/layersLine.js';
import { parseLayers } from '../../src/model/parse.js';
import { inferSequences } from '../../src/model/sequences.js';

/** every word of the grammar, recurrent ones first */
const words = layerKinds().flatMap(({ name, grammar }) => (grammar ? (grammar.word ?? name) : []));
const cells: string[] = words.filter(isCellName);
const KINDS = `${cells.join(' ')} (or ${cells.map(c => `bi${c}`).join(' ')}) ${words.filter(w => !cells.includes(w)).join(' ')}`;

const layers = (text: string) => parseLayers(text).layers;

/** The message, and the part of the line that is underlined. */
function failure(text: string): { message: string; part: string; fix: string; code: string } {
  try {
    parseLayers(text);
  } catch (error) {
    const e = error as { message: string; code: string; fix: string; excerpt: { text: string; from: number; to: number } };
    return { message: e.message, code: e.code, fix: e.fix, part: e.excerpt.text.slice(e.excerpt.from, e.excerpt.to) };
  }
  throw new Error(`${text} was accepted`);
}

describe('one-line networks', () => {
  it('reads kinds and sizes', () => {
    expect(layers('lstm:64,gru:32,dense:10')).toEqual([
      { kind: 'lstm', units: 64 },
      { kind: 'gru', units: 32 },
      { kind: 'dense', units: 10 },
    ]);
  });

  it('reads the parameters of every activation as its line has them, which the commas in it do not end', () => {
    for (const { name, parameters = {} } of activations.filter(a => Object.values(a.parameters ?? {}).some(v => typeof v !== 'boolean'))) {
      const activation = { name, ...Object.fromEntries(Object.keys(parameters).map((key, i) => [key, 0.375 + i])) };
      const line = layersText(
        [
          { kind: 'lstm', units: 4, activation, recurrentActivation: activation },
          { kind: 'dense', units: 2, activation },
        ],
        'keras',
      );
      expect(line).toContain(`@${name}(`);
      expect(layers(`${line},dense:1`)).toEqual([
        expect.objectContaining({ kind: 'lstm', units: 4, activation, recurrentActivation: activation }),
        { kind: 'dense', units: 2, activation },
        { kind: 'dense', units: 1 },
      ]);
    }
    expect(layers('dense:2@gelu(approximate=true)')[0].activation).toEqual({ name: 'gelu', approximate: true });
    expect(failure('rnn:5,dense:2@elu(alpha=x)')).toMatchObject({
      message: 'elu needs its parameters as name=number',
      part: 'dense:2@elu(alpha=x)',
    });
  });

  it('writes every small size of every option of every layer, so that its line gives the same layer again', () => {
    let written = 0;
    for (const { name, grammar, fields = {} } of layerKinds()) {
      for (const [option, means] of Object.entries(grammar?.options ?? {})) {
        if (!('size' in means)) continue;
        for (const size of [1, 2, 3]) {
          const heads = ['', ':9', ':9x3', ':9x3x3'].map(sizes => `${grammar!.word ?? name}${sizes}+${option}=${size}`);
          const read = heads.flatMap(line => {
            try {
              return layers(line);
            } catch {
              return [];
            }
          });
          expect([name, option, read.length]).not.toEqual([name, option, 0]);
          const { default: usual } = fields[means.size];
          const isUsual = usual !== null && [usual ?? 1].flat()[0] === size;
          for (const layer of read) {
            const line = layersText([layer as never], 'keras');
            expect(line.includes(`+${option}=${size}`)).toBe(!isUsual);
            if (!isUsual) expect(layers(line)).toEqual([layer]);
          }
          written += read.length;
        }
      }
    }
    expect(written).toBeGreaterThan(20);
  });

  it('reads directions, activations and options', () => {
    expect(layers('bilstm:8@relu+seq+sum+nobias+name=enc')).toEqual([
      { kind: 'lstm', units: 8, bidirectional: 'sum', activation: 'relu', returnSequences: true, useBias: false, name: 'enc' },
    ]);
    expect(layers('gru:4+resetbefore+backwards+stateful+last')).toEqual([
      { kind: 'gru', units: 4, resetAfter: false, goBackwards: true, stateful: true, returnSequences: false },
    ]);
    expect(layers('lstm:9+proj=4')).toEqual([{ kind: 'lstm', units: 9, projection: 4 }]);
    expect(layers('dense:10@softmax')).toEqual([{ kind: 'dense', units: 10, activation: 'softmax' }]);
  });

  it('reads every other kind', () => {
    expect(layers('embedding:1000x16,masking:-1,dropout:0.5,repeat:3,flatten,maxpool,avgpool,last')).toEqual([
      { kind: 'embedding', tokens: 1000, units: 16 },
      { kind: 'masking', value: -1 },
      { kind: 'dropout', rate: 0.5 },
      { kind: 'repeat', times: 3 },
      { kind: 'flatten' },
      { kind: 'maxpool' },
      { kind: 'avgpool' },
      { kind: 'last' },
    ]);
  });

  it('repeats a layer, as often as 10,000 times in all', () => {
    expect(layers('rnn:5+x3')).toEqual([
      { kind: 'rnn', units: 5 },
      { kind: 'rnn', units: 5 },
      { kind: 'rnn', units: 5 },
    ]);
    expect(layers('rnn:5+x2+x3')).toHaveLength(6);
    expect(layers('rnn:5,gru:4+x99999')).toHaveLength(100_000);
  });

  it('reads blanks, signs, points and exponents, and what may be left out', () => {
    expect(layers(' lstm:64 , dense:1 ')).toEqual([
      { kind: 'lstm', units: 64 },
      { kind: 'dense', units: 1 },
    ]);
    expect(layers('masking:.25,masking:-3.,masking:1e-10,masking,dropout').map(l => l.value ?? l.rate)).toEqual([
      0.25,
      -3,
      1e-10,
      undefined,
      undefined,
    ]);
    expect(layers('rnn:2147483647')[0].units).toBe(2147483647);
    expect(layers('rnn:5+name=a=b')[0].name).toBe('a=b');
    expect(layers('birnn:5+concat,dense:2@leaky_relu+nobias,gru:1+resetafter')).toEqual([
      { kind: 'rnn', units: 5, bidirectional: 'concat' },
      { kind: 'dense', units: 2, activation: 'leaky_relu', useBias: false },
      { kind: 'gru', units: 1, resetAfter: true },
    ]);
  });

  it('keeps the place of every layer', () => {
    const text = 'lstm:64,dense:10';
    expect(parseLayers(text).spans.map(s => text.slice(s.from, s.to))).toEqual(['lstm:64', 'dense:10']);
  });
});

describe('mistakes', () => {
  it.each([
    ['lsmt:64', 'lsmt:64', "unknown layer kind 'lsmt'", "did you mean 'lstm'?"],
    ['lstm', 'lstm', 'lstm needs the number of units', 'write lstm:64'],
    ['lstm:ten', 'lstm:ten', "units of lstm must be a whole number, found 'ten'", 'write lstm:64'],
    ['lstm:0', 'lstm:0', 'a size must be from 1 to 2147483647, found 0', 'use a positive size'],
    ['lstm:5,,dense:2', ',', 'a layer is missing', 'write kind:units between commas, such as lstm:64, or drop the comma'],
    ['rnn:5+sequ', 'sequ', "unknown option '+sequ'", "did you mean '+seq'?"],
    ['rnn:5+resetafter', 'resetafter', '+resetafter is for gru, not for rnn', 'drop +resetafter'],
    ['gru:5+proj=2', 'proj=2', '+proj=2 is for lstm, not for gru', 'drop +proj=2'],
    ['rnn:5+seq+last', 'last', '+seq and +last contradict each other', 'keep one of them'],
    ['rnn:5+sum', 'sum', '+sum is for bidirectional layers (birnn), not for rnn', 'drop +sum'],
    ['maxpool:3', 'maxpool:3', 'maxpool takes no number', 'write maxpool'],
    [
      'embedding:16',
      'embedding:16',
      "embedding needs its two sizes, found '16'",
      'write embedding:VxD, such as embedding:1000x16 (V tokens, vectors of D)',
    ],
    ['flatten@relu', 'flatten@relu', 'flatten has no activation', 'drop @relu'],
    ['rnn:5+x2+name=a', 'rnn:5+x2+name=a', "2 layers cannot all be called 'a'", 'drop +name or +xN'],
    ['dropout:half', 'dropout:half', "dropout needs a number, found 'half'", 'write dropout:0.5'],
    ['masking:.5.', 'masking:.5.', "masking needs a number, found '.5.'", 'write masking:0.5'],
    ['rnn:5,:4', ':4', 'a layer starts with its kind', `kinds: ${KINDS}`],
    ['rnn:5,transformer:4', 'transformer:4', "unknown layer kind 'transformer'", `kinds: ${KINDS}`],
    ['bidense:4', 'bidense:4', "unknown layer kind 'bidense'", "did you mean 'dense'?"],
    ['rnn:5,bilsmt:4', 'bilsmt:4', "unknown layer kind 'bilsmt'", "did you mean 'bilstm'?"],
    ['RNN:5', 'RNN:5', "cannot read 'RNN:5' as a layer", 'did you mean --layers "rnn:5"?'],
    ['rnn:5 x', 'rnn:5 x', "units of rnn must be a whole number, found '5 x'", 'write rnn:64'],
    ['repeat', 'repeat', 'repeat needs the number of times', 'write repeat:10'],
    [
      'embedding',
      'embedding',
      "embedding needs its two sizes, found 'nothing'",
      'write embedding:VxD, such as embedding:1000x16 (V tokens, vectors of D)',
    ],
    ['embedding:0x4', 'embedding:0x4', 'a size must be from 1 to 2147483647, found 0', 'use a positive size'],
    [
      'embedding:4x1x',
      'embedding:4x1x',
      "embedding needs its two sizes, found '4x1x'",
      'write embedding:VxD, such as embedding:1000x16 (V tokens, vectors of D)',
    ],
    ['rnn:2147483648', 'rnn:2147483648', 'a size must be from 1 to 2147483647, found 2147483648', 'use a positive size'],
    ['lstm:5+proj=0', 'proj=0', 'a size must be from 1 to 2147483647, found 0', 'use a positive size'],
    ['rnn:5+x0', 'x0', '+x0 must repeat the layer 1 to 100000 times', 'write +x3'],
    ['rnn:5+x100001', 'x100001', '+x100001 must repeat the layer 1 to 100000 times', 'write +x3'],
    ['rnn:5,gru:4+x100000', 'gru:4+x100000', 'more than 100000 layers', 'use fewer layers'],
    ['lstm:5+proj=2x', 'proj=2x', "+proj needs a whole number, found '2x'", 'write +proj=2'],
    ['bilstm:5+sum+mul', 'mul', '+sum and +mul contradict each other', 'keep one of them'],
    ['conv:8x3+stride=2+same+stride=3', 'stride=3', '+stride=2 and +stride=3 contradict each other', 'keep one of them'],
    ['rnn:5+name=a+name=b', 'name=b', '+name=a and +name=b contradict each other', 'keep one of them'],
    ['conv:8x3+multiplier=2', 'multiplier=2', '+multiplier=2 is not for conv', 'drop +multiplier=2'],
    [
      'rnn:5+zzz',
      'zzz',
      "unknown option '+zzz'",
      'options of rnn: +seq +last +backwards +stateful +sum +ave +mul +concat +nobias +name=NAME +xN',
    ],
    ['rnn:5+last+seq', 'seq', '+last and +seq contradict each other', 'keep one of them'],
    ['dense:5+seq', 'seq', '+seq is for recurrent layers, not for dense', 'drop +seq'],
    ['dense:5+stateful', 'stateful', '+stateful is for recurrent layers, not for dense', 'drop +stateful'],
    ['flatten+nobias', 'nobias', '+nobias is not for flatten', 'drop +nobias'],
    ['flatten+sum', 'sum', '+sum is for bidirectional layers (bilstm), not for flatten', 'drop +sum'],
    ['lstm:5,', '', 'a layer is missing', 'write kind:units between commas, such as lstm:64, or drop the comma'],
    ['maxpool@', 'maxpool@', 'maxpool has no activation', 'drop @'],
  ])('%s', (text, part, message, fix) => {
    expect(failure(text)).toEqual({ code: 'E_LAYERS', part, message, fix });
  });
});

describe('return_sequences', () => {
  const sequences = (text: string) => inferSequences(layers(text), false).map(l => l.returnSequences);

  it('is inferred where a later layer reads a sequence', () => {
    expect(sequences('lstm:4,gru:3,dense:2')).toEqual([true, false, undefined]);
    expect(sequences('lstm:4,dropout:0.1,dense:3,maxpool')[0]).toBe(true);
    expect(sequences('lstm:4,repeat:3,lstm:5,dense:1')).toEqual([false, undefined, false, undefined]);
  });

  it('stays as it was said', () => {
    expect(sequences('lstm:4+last,gru:3')).toEqual([false, false]);
  });

  it('is marked as inferred', () => {
    const model = checkSpec({ input: { features: 3 }, layers: inferSequences(layers('lstm:4,gru:3'), false) });
    expect(model.layers.map(l => 'inferredSequences' in l && l.inferredSequences)).toEqual([true, false]);
  });

  it('is not inferred when strict', () => {
    expect(() => inferSequences(layers('lstm:4,gru:3'), true)).toThrow(expect.objectContaining({ code: 'E_ASSUMED', exit: 3 }));
    expect(() => inferSequences(layers('lstm:4,gru:3'), true)).toThrow('gru needs a sequence but lstm (layer 1) gives its last step only');
  });
});

describe('a line with places to fill', () => {
  it('names every place, and underlines the first', () => {
    expect(failure('lstm:64,dense:64@_,dense:_')).toMatchObject({
      code: 'E_UNFILLED',
      part: '_',
      message: 'the line still has 2 _ to fill in: the activation of layer 2 (dense:64@_), a size of layer 3 (dense:_)',
    });
    expect(failure('_:8,dense:2').message).toBe('the line still has a _ to fill in: the kind of layer 1 (_:8)');
    expect(failure('embedding:_x_,lstm:5@tanh/_+_').message).toContain('4 _');
    expect(failure('lstm:8+proj=_').message).toContain('an option of layer 1');
  });

  it('takes a _ in a name for a part of the name', () => {
    expect(layers('lstm:4+name=enc_1')).toEqual([{ kind: 'lstm', units: 4, name: 'enc_1' }]);
  });

  it('has no activation where @linear says so', () => {
    expect(checkSpec({ input: { features: 3 }, layers: layers('lstm:4,dense:2@linear') }).layers[1]).toMatchObject({
      activation: 'linear',
    });
  });
});

describe('the activation of the gates', () => {
  it("stands behind a slash, with the cell's own before it or not", () => {
    expect(parseLayers('lstm:5@relu/hard_sigmoid,bigru:4@/relu+seq').layers).toEqual([
      { kind: 'lstm', units: 5, activation: 'relu', recurrentActivation: 'hard_sigmoid' },
      { kind: 'gru', units: 4, bidirectional: 'concat', recurrentActivation: 'relu', returnSequences: true },
    ]);
  });

  it.each(['rnn:5@tanh/relu', 'dense:5@tanh/relu'])('%s has none', text => {
    expect(failure(text).message).toMatch(/has no gates$/);
  });
});

describe('lines in other spellings', () => {
  it.each([
    ['lstm:64;dense:10', 'lstm:64,dense:10'],
    ['lstm:64 dense:10', 'lstm:64,dense:10'],
    ['lstm:64 -> dense:10', 'lstm:64,dense:10'],
    ['LSTM:64 | Dense:10', 'lstm:64,dense:10'],
    ['lstm(64),linear(10)', 'lstm:64,dense:10'],
    ['lstm64,fc10', 'lstm:64,dense:10'],
    ['nn.LSTM(64), nn.Linear(10)', 'lstm:64,dense:10'],
    ['BiLSTM(64,return_sequences=True),Dense(3,activation="softmax")', 'bilstm:64+seq,dense:3@softmax'],
    ['bidirectional_gru:4,dense:2:sigmoid', 'bigru:4,dense:2@sigmoid'],
    ['SimpleRNN:5,dense:2,softmax', 'rnn:5,dense:2@softmax'],
    ['lstmm:64,dens:10', 'lstm:64,dense:10'],
  ])('%s is answered with %s', (text, meant) => {
    try {
      parseLayers(text);
      throw new Error('it was read');
    } catch (error) {
      expect((error as RnnError).correction).toEqual({ word: text, flags: ['--layers'], to: ['--layers', meant] });
    }
  });

  it.each(['lstm:5,,dense:2', 'nonsense:5', 'lstm:64,relu,dense:2'])('%s is answered with no line', text => {
    expect(() => parseLayers(text)).toThrow(expect.objectContaining({ code: 'E_LAYERS', correction: undefined }));
  });
});

describe('sizes are one for every side, or one for each side, and no other number of them', () => {
  const border = (text: string) => checkSpec({ input: { shape: [8, 9, 2] }, layers: layers(text) }).layers[0];

  it('of a border before and behind two axes', () => {
    expect(border('zeropad2d')).toMatchObject({ border: [1, 1, 1, 1] });
    expect(border('zeropad2d:3')).toMatchObject({ border: [3, 3, 3, 3] });
    expect(border('crop2d:1x2x4x3')).toMatchObject({ border: [1, 2, 4, 3] });
  });

  it.each(['zeropad2d:1x2', 'crop2d:1x2x3'])('%s is refused: further numbers would be dropped', text => {
    expect(() => border(text)).toThrow(/expected 4 whole numbers from 0, found [23] values/);
  });
});
