import type { ActivationSpec } from '../../activations/activation.js';
import { int, ints } from '../../formats/onnx/builder.js';
import { isRowActivation } from '../activation.js';
import { channelsBack, channelsToFirst, lastChannels } from '../channels.js';
import { filtersFirst, slidingAttributes } from '../conv/filters.js';
import type { OnnxCall, OnnxFacet } from '../facets.js';
import { onnxSamples } from '../nested/steps.js';
import { number } from '../onnxSteps.js';
import { onnxPadding } from '../window/onnx.js';
import type { ConvLstmSpec } from './spec.js';

/** As one convolution over all steps, then a Scan whose body is one step. Everything is channels first, as Conv requires. */
export const onnx: OnnxFacet<ConvLstmSpec> = (layer, call) => {
  const {
    builder,
    masks: [mask],
    initial,
    wantsOthers,
  } = call;
  const { name, filters } = layer;
  const axes = layer.kernelSize.length;
  const z = products(layer, call);
  const sizes = (start: number, end?: number) =>
    builder.add('Shape', [z], { start: int(start), ...(end === undefined ? {} : { end: int(end) }) }, `${name}/shape`);
  const shape = builder.add('Concat', [sizes(0, 1), builder.integers([filters]), sizes(3)], { axis: int(0) }, `${name}/shape`);
  const zeros = builder.add('ConstantOfShape', [shape], {}, `${name}/zeros`);
  const given = initial?.map((state, i) =>
    channelsToFirst(layer, builder, typeof state === 'string' ? state : builder.constant(`${name}.state_${i}`, state), axes),
  );
  const [h, c] = given ?? [zeros, zeros];
  // a masked step repeats the previous output. Before the first real step that is zero, even if an initial h is given, so it is a state of its own
  const states = mask === undefined ? [h, c] : [h, c, zeros];
  const scanned = mask === undefined ? [z] : [z, mask];
  const body = step(layer, call, mask !== undefined);
  const attributes = {
    body,
    num_scan_inputs: int(scanned.length),
    scan_input_axes: ints(...scanned.map(() => 1)),
    scan_output_axes: ints(1),
    ...(layer.goBackwards ? { scan_input_directions: ints(...scanned.map(() => 1)) } : {}),
  };
  const found = builder.addMany('Scan', [...states, ...scanned], states.length + 1, attributes, name);
  const y = layer.returnSequences
    ? channelsBack(layer, builder, found[states.length], axes, 2)
    : channelsBack(layer, builder, found[mask === undefined ? 0 : 2], axes);
  return { y, ...(wantsOthers ? { others: found.slice(0, 2).map(state => channelsBack(layer, builder, state, axes)) } : {}) };
};

/** Adds x * W + b for all steps: [N, T, 4F, …S']. */
function products(layer: ConvLstmSpec, call: OnnxCall): string {
  const {
    builder,
    inputs: [x],
    shapes: [shape],
    weight,
  } = call;
  const { name } = layer;
  const axes = layer.kernelSize.length;
  const bias = weight('bh');
  const kernel = [builder.constant(`${name}.W`, filtersFirst(weight('Wx')!)), ...(bias ? [builder.constant(`${name}.bias`, bias)] : [])];
  const attributes = slidingAttributes(layer, [shape[0], ...shape.slice(2)]);
  const samples = channelsToFirst(layer, builder, onnxSamples({ ...call, masks: [] }, name).y, axes);
  const z = builder.add('Conv', [samples, ...kernel], attributes, `${name}/products`);
  const sizes = (value: string, start: number, end?: number) =>
    builder.add('Shape', [value], { start: int(start), ...(end === undefined ? {} : { end: int(end) }) }, `${name}/shape`);
  const wanted = builder.add('Concat', [sizes(x, 0, 2), sizes(z, 1)], { axis: int(0) }, `${name}/shape`);
  return builder.add('Reshape', [z, wanted], {}, `${name}/products`);
}

/** The body of the Scan: h, c (and the last output), z_t (and the mask of the step) -> the states after the step, and its output. */
function step(layer: ConvLstmSpec, { builder, weight, activation }: OnnxCall, masked: boolean) {
  const { name } = layer;
  const own = `${name}/step`;
  const add = (op: string, inputs: readonly string[], attributes = {}) => builder.add(op, inputs, attributes, own);
  const kernel = builder.constant(`${name}.R`, filtersFirst(weight('Wh')!));
  const anyLength = layer.kernelSize.map(() => ({ symbol: '', size: null }));
  const padding = onnxPadding(
    anyLength,
    layer.kernelSize.map(size => ({ size, stride: 1, dilation: 1, padding: 'same' })),
  );
  const [h, c, shown, z, real] = ['h', 'c', 'shown', 'z', 'real'].map(part => `${own}/${part}`);
  const zero = masked && layer.zeroOutputForMask ? number(builder, 0, own) : shown;
  const value = (part: string) => ({ name: part, dtype: part === real ? ('bool' as const) : ('f32' as const), shape: null });
  const inputs = masked ? [h, c, shown, z, real] : [h, c, z];
  const last = layer.kernelSize.map((_, i) => i + 2);
  const everywhere = masked ? builder.integers([1, ...last]) : '';
  return builder.inside(own, inputs.map(value), () => {
    const gates = add('Add', [z, add('Conv', [h, kernel], { kernel_shape: ints(...layer.kernelSize), ...padding })]);
    const [i, f, g, o] = builder.addMany('Split', [gates], 4, { axis: int(1) }, own);
    const along = (spec: ActivationSpec) => (x: string) => {
      // a row function works on the last axis of the layer's own layout
      const turned = isRowActivation(spec) && lastChannels(layer);
      const [perm, back] = [
        [0, ...last, 1],
        [0, layer.kernelSize.length + 1, ...last.map(axis => axis - 1)],
      ];
      if (!turned) return activation(spec, x);
      return add('Transpose', [activation(spec, add('Transpose', [x], { perm: ints(...perm) }))], { perm: ints(...back) });
    };
    const [sig, act] = [along(layer.recurrentActivation), along(layer.activation)];
    const kept = add('Mul', [sig(f), c]);
    const nextC = add('Add', [kept, add('Mul', [sig(i), act(g)])]);
    const nextH = add('Mul', [sig(o), act(nextC)]);
    if (!masked) return [nextH, nextC, add('Identity', [nextH])];
    const isReal = add('Unsqueeze', [real, everywhere]);
    const where = (next: string, otherwise: string) => add('Where', [isReal, next, otherwise]);
    const out = where(nextH, zero);
    return [where(nextH, h), where(nextC, c), out, add('Identity', [out])];
  });
}
