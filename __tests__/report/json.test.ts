import fc from 'fast-check';
import { float32Json, jsonFloat32, jsonNumber, jsonString, nestedJson, toJson, writeJson } from '../../src/report/json.js';
import { cases } from '../helpers/effort.js';

describe('toJson', () => {
  it('keeps what JSON.stringify loses', () => {
    expect(toJson([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 2n ** 70n])).toBe(
      '["NaN","Infinity","-Infinity",-0,0,1180591620717411303424]',
    );
  });

  it('leaves out undefined and keeps null, order and nesting', () => {
    expect(toJson({ b: null, a: undefined, c: [], d: {}, e: { f: [true, 'x'] } })).toBe('{"b":null,"c":[],"d":{},"e":{"f":[true,"x"]}}');
  });

  it('is what JSON.stringify writes for plain documents, but for -0', () => {
    fc.assert(fc.property(fc.jsonValue(), value => expect(JSON.stringify(JSON.parse(toJson(value)))).toBe(JSON.stringify(value))));
  });

  it('escapes controls, C1 and bidirectional marks beyond JSON', () => {
    const text = 'a\u001b[31m\u009b\u202e\u2066\u2028\u007f\ufeff"\\é注';
    const written = jsonString(text);
    expect(written).toBe('"a\\u001b[31m\\u009b\\u202e\\u2066\\u2028\\u007f\\ufeff\\"\\\\é注"');
    expect(JSON.parse(written)).toBe(text);
  });

  it('treats keys such as __proto__ as data', () => {
    expect(toJson(JSON.parse('{"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1}}');
  });

  it('writes float32 data with the digits that identify a float32', () => {
    const x = Float32Array.of(0.1, 1 / 3, 16777216, 3.4028234663852886e38, 1.401298464324817e-45, -0);
    expect(toJson(nestedJson({ shape: [2, 3], data: x }))).toBe('[[0.1,0.33333334,16777216],[3.4028235e+38,1e-45,-0]]');
    expect(toJson({ h: float32Json({ a: [Math.fround(0.2)] }), x: Math.fround(0.2) })).toBe('{"h":{"a":[0.2]},"x":0.20000000298023224}');
  });

  it('nests tensors of any rank', () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    expect(toJson(nestedJson({ shape: [3, 1, 2], data }))).toBe('[[[1,2]],[[3,4]],[[5,6]]]');
    expect(toJson(nestedJson({ shape: [], data: Float64Array.of(0.5) }))).toBe('0.5');
    expect(toJson(nestedJson({ shape: [2, 0], data: new Float64Array(0) }))).toBe('[[],[]]');
  });

  it('gives long documents to the sink in pieces', () => {
    const pieces: string[] = [];
    const values = Array.from({ length: 50_000 }, (_, i) => i / 7);
    writeJson(values, piece => pieces.push(piece));
    expect(pieces.length).toBeGreaterThan(5);
    expect(JSON.parse(pieces.join(''))).toEqual(values);
  });
});

describe('numbers', () => {
  it('every double comes back', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), x => Object.is(Number(jsonNumber(x)), x)));
  });

  it('every float32 comes back, and no shorter text does', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), x => {
        const text = jsonFloat32(x);
        expect(Object.is(Math.fround(Number(text)), x)).toBe(true);
        const digits = text
          .replace(/e.*$/, '')
          .replace(/^-?[0.]*/, '')
          .replace('.', '')
          .replace(/0+$/, '').length;
        if (digits > 1) expect(Math.fround(Number(x.toPrecision(digits - 1)))).not.toBe(x);
      }),
      { numRuns: cases(2000) },
    );
  });
});
