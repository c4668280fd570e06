import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { specFromKerasConfig } from '../../src/conventions/keras/config.js';
import { keras } from '../../src/conventions/keras/keras.js';
import { batched } from '../../src/engines/batched/engine.js';
import { manual } from '../../src/engines/manual.js';
import { DEFAULT_LIMITS } from '../../src/formats/format.js';
import type { OnnxModel } from '../../src/formats/onnx/graph.js';
import { onnx } from '../../src/formats/onnx.js';
import { checkSpec } from '../../src/model/check.js';
import { inferShapes } from '../../src/model/shapes.js';
import { isRecurrent } from '../../src/model/spec.js';
import type { GraphValue } from '../../src/ops/value.js';
import { type Tensor, tensor } from '../../src/tensor/tensor.js';
import { expectClose } from '../helpers/expectClose.js';
import { readWhole } from '../helpers/readFormat.js';
import { flat, shapeOf } from '../helpers/reference.js';

/** The ONNX project's node tests, and the arrays of Keras' own unit tests. */
const FOLDER = join(__dirname, '..', 'reference', 'conformance');

/** TensorProto: dims = 1, data_type = 2, float_data = 4, int32_data = 5, name = 8, raw_data = 9. */
function readTensor(bytes: Buffer): { name: string; value: GraphValue } {
  const dims: number[] = [];
  let [at, type, name, raw] = [0, 1, '', Buffer.alloc(0)];
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [tag >> 3, tag & 7];
    if (wire === 0) {
      const value = varint();
      if (field === 1) dims.push(value);
      else if (field === 2) type = value;
    } else {
      const length = varint();
      const part = bytes.subarray(at, at + length);
      at += length;
      if (field === 1) for (const n of part) dims.push(n);
      else if (field === 8) name = part.toString();
      else if (field === 9) raw = Buffer.from(part);
    }
  }
  const count = dims.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: count }, (_, i) => (type === 1 ? raw.readFloatLE(i * 4) : raw.readInt32LE(i * 4)));
  return {
    name,
    value: { kind: type === 1 ? 'float' : 'int', shape: dims, data: type === 1 ? Float32Array.from(values) : Float64Array.from(values) },
  };
}

describe("ONNX's own node tests", () => {
  const folder = join(FOLDER, 'onnx_node');
  const cases = readdirSync(folder);

  it('are twelve', () => expect(cases.length).toBe(12));

  it.each(cases)('%s', async name => {
    const file = await readWhole(onnx, readFileSync(join(folder, name, 'model.onnx')), DEFAULT_LIMITS);
    const model = file.architecture as OnnxModel;
    const data = join(folder, name, 'test_data_set_0');
    const arrays = (prefix: string) =>
      readdirSync(data)
        .filter(f => f.startsWith(prefix))
        .sort()
        .map(f => readTensor(readFileSync(join(data, f))));
    const inputs = new Map(arrays('input_').map(({ value }, i): [string, GraphValue] => [model.graph.inputs[i].name, value]));
    for (const engine of [manual, batched]) {
      const outputs = [...(await engine.runGraph({ model, bytes: null }, inputs, { dtype: 'f32', threads: 1, trace: false })).values()];
      const expected = arrays('output_');
      expect(expected.length).toBeGreaterThan(0);
      expected.forEach(({ value }, i) => {
        expectClose(outputs[i], value, 1e-5);
      });
    }
  });
});

function toTensor(nested: any): Tensor {
  return tensor(shapeOf(nested), Float32Array.from(flat(nested)));
}

/** The class of a case's own test that no reader can know; undefined for those that must be computed. */
function ownClass(c: any): string | undefined {
  return /OneStateRNNCell|TwoStatesRNNCell|MaskedDense/.exec(JSON.stringify(c.layer))?.[0];
}

/** The last call's output and states; a stateful layer starts each call where the last one ended, unless it is reset between. */
async function outputsOf(c: any): Promise<Tensor[]> {
  const first = toTensor(c.calls[0].input);
  const { class_name, config } = c.layer;
  const layers = [{ class_name, config: { ...config, batch_input_shape: [null, ...first.shape.slice(1)] } }];
  const model = checkSpec(specFromKerasConfig({ class_name: 'Sequential', config: { name: 'm', layers } }), 'keras');
  const shapes = inferShapes(model);
  const weights = keras.toWeights(shapes, new Map(c.layer.weights.map((w: any, i: number) => [`arr_${i}`, toTensor(w.data)])));
  const [layer] = model.layers;
  let states: readonly Tensor[] | undefined;
  let outputs: Tensor[] = [];
  for (const call of c.calls) {
    if (call.type === 'reset_state') {
      states = undefined;
      continue;
    }
    const { mask, initial_state: initial } = call;
    if (initial !== null) states = (shapeOf(initial[0]).length === 1 ? [initial] : initial).map(toTensor);
    const input = {
      x: toTensor(call.input),
      mask: mask === null ? undefined : Uint8Array.from(flat(mask)),
      initialStates: states && isRecurrent(layer) ? new Map([[layer.name, states]]) : undefined,
    };
    const { y, others, layers: results } = await batched.run(model, weights, input, { dtype: 'f32', threads: 1, trace: false });
    const last = results.get(layer.name)?.states;
    states = isRecurrent(layer) && layer.stateful ? last : undefined;
    outputs = [y, ...(others ?? new Map()).values(), ...(last ?? [])];
  }
  return outputs;
}

describe("the arrays of Keras' own unit tests", () => {
  const all: any[] = JSON.parse(gunzipSync(readFileSync(join(FOLDER, 'keras_unit_tests.json.gz'))).toString());
  const run = all.filter(c => ownClass(c) === undefined);

  it('are 131, of which 78 are computed', () => {
    expect([all.length, run.length]).toEqual([131, 78]);
  });

  it.each(all.filter(ownClass).map((c): [string, any] => [`${c.test}:${c.source_line} ${ownClass(c)}`, c]))(
    '%s is refused by name',
    (_, c) => {
      const layers = [{ ...c.layer, config: { ...c.layer.config, batch_input_shape: [null, 3, 2] } }];
      const name = new RegExp(ownClass(c) as string);
      expect(() => specFromKerasConfig({ class_name: 'Sequential', config: { name: 'm', layers } })).toThrow(name);
    },
  );

  it.each(run.map((c): [string, any] => [`${c.test}:${c.source_line} ${c.selector}`, c]))('%s', async (_, c) => {
    const outputs = await outputsOf(c);
    const parts = /\((\d+)\)/.exec(c.selector);
    const whole = outputs[parts ? Number(parts[1]) : 0];
    const row = /\[(\d+)\]/.exec(c.selector);
    const expected = toTensor(c.expected);
    const width = expected.data.length;
    const actual = row
      ? tensor(expected.shape, whole.data.subarray(Number(row[1]) * width, (Number(row[1]) + 1) * width) as Float32Array)
      : whole;
    expectClose(actual, expected, Math.max(c.atol, 1e-5));
  });
});
