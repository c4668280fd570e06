import type { RnnError } from '../../errors.js';
import { wordOf } from '../../escape.js';
import type { TensorFile } from '../../formats/format.js';
import { asObject, type Json, list, text } from '../../layers/kerasConfig.js';
import { type Argument, callArguments, tensorsOf } from './arguments.js';
import { ownClass } from './classes.js';
import { inDialect, type KerasDialect, modelOf, specOfModel } from './config.js';
import { wiredModel } from './graph.js';
import { isCell } from './layers.js';
import { inputSpec, isTakenApart, MODELS, nameOf, stepLayer, structured } from './models.js';
import { isOperatorLayer } from './operators/index.js';
import type { KerasDetails, KerasOutline, KerasRow, OutlinedLayer } from './outlined.js';
import { ownModel, ownModelOutline, unsupportedModel } from './ownModel.js';
import { quantizationOf } from './storedWeights.js';
import { type Blocked, type Known, UNKNOWN, type Wired } from './wiring.js';

/** Outlines a model. @throws RnnError if the file does not describe a model of layers at all */
export function kerasOutline(config: unknown, dialect: KerasDialect, file: TensorFile): KerasOutline {
  const own = ownModel(config);
  if (own && !Array.isArray(own.layers)) return ownModelOutline(config, own, file);
  const { className, model, old } = modelOf(own ? { class_name: own.input_layers ? 'Functional' : 'Sequential', config: own } : config);
  const blocked: Blocked = { errors: own ? [unsupportedModel(config)] : [], shapes: new Map() };
  const wired = wiredModel(className, model, blocked);
  const part = knownPart(className, model, wired, blocked);
  const details = new Map<string, KerasDetails>();
  collectDetails(model, '', details);
  return {
    rows: rowsOf(className, model, wired.calls),
    details,
    blockers: different(blocked.errors),
    ...part,
    known: inDialect(part.known, old ? 'standalone' : dialect),
  };
}

/** Removes duplicate errors. */
function different(errors: readonly RnnError[]): RnnError[] {
  return errors.filter((e, i) => errors.findIndex(o => o.where === e.where && o.message === e.message) === i);
}

/** All layers except unknown ones and those that read values of unknown shape. */
function knownPart(
  className: string,
  model: Json,
  wired: Wired,
  { shapes }: Blocked,
): Pick<KerasOutline, 'known' | 'layers' | 'inputs' | 'outputs'> {
  const given = new Set(wired.inputs.map(input => String(input.name ?? 'input')));
  const recorded: Json[] = [];
  const known: Json[] = [];
  const isReadable = (value: unknown): boolean => {
    const name = String(value);
    if (given.has(name)) return true;
    const owner = known.find(layer => name === layer.name || name.startsWith(`${layer.name}/`));
    if (owner) return true;
    const shape = shapes.get(name);
    if (!shape) return false;
    given.add(name);
    recorded.push(inputSpec({ batch_shape: shape }, name));
    return true;
  };
  const layers = wired.layers.map((layer): OutlinedLayer => {
    const reads = [layer.inputs, layer.states ?? [], layer.mask ?? []].flat();
    const isKnown = layer.kind !== UNKNOWN && reads.map(isReadable).every(readable => readable);
    if (isKnown) known.push(layer);
    const { name, inputs, tensors, kerasClass, kind } = layer;
    const shape = isKnown ? null : ((shapes.get(String(name)) as (number | null)[] | undefined) ?? null);
    return {
      name: String(name),
      kerasClass: text(kerasClass) ?? String(kind),
      inputs: list(inputs).map(String),
      group: text(tensors) ?? '',
      shape,
    };
  });
  const inputs = wired.inputs.map(input => String(input.name ?? 'input'));
  const outputs = wired.outputs.map(({ name, value }) => ({
    name: String(name),
    value: String(value),
    isKnown: known.some(l => value === l.name || String(value).startsWith(`${l.name}/`)),
  }));
  const told = outputs.filter(o => o.isKnown).map(({ name, value }) => ({ name, value }));
  if (known.length === 0) known.push({ kind: 'op', op: 'Identity', name: 'nothing known', inputs: inputs.slice(0, 1) });
  const last = String(known[known.length - 1].name);
  const part = { inputs: [...wired.inputs, ...recorded], layers: known, outputs: told.length > 0 ? told : [{ name: last, value: last }] };
  return { known: specOfModel(className, model, part), layers, inputs, outputs };
}

function rowsOf(className: string, model: Json, calls: Known): KerasRow[] {
  const layers = list(model.layers).map(l => asObject(l, 'layer'));
  const shown = className === 'Sequential' ? layers.filter(l => l.class_name !== 'InputLayer') : layers;
  return shown.map(layer => {
    const config = asObject(layer.config ?? {}, 'layer');
    const name = nameOf(layer);
    const nodes = list(layer.inbound_nodes).map(node => callArguments(node));
    const withScores = nodes.at(-1)?.kwargs.return_attention_scores === true;
    const isModel = MODELS.has(wordOf(layer.class_name));
    const values = calls.get(`${name}|${Math.max(0, nodes.length - 1)}`) ?? [];
    return {
      name,
      className: ownClass(wordOf(layer.class_name)),
      isModel: isModel || isTakenApart(layer),
      trainable: config.trainable !== false,
      outputs: values.slice(0, isOperatorLayer(layer) || withScores ? values.length : outputsShown(layer)),
      keys: isModel ? keysOf(config) : null,
      // Keras visits keyword arguments in alphabetical order
      reads: nodes.flatMap(({ args, kwargs }) =>
        [
          ...args,
          ...Object.keys(kwargs)
            .sort()
            .map(key => kwargs[key]),
        ].flatMap(readsOf),
      ),
    };
  });
}

/** Outputs of a call: y and every state of a cell or of a layer that returns its states, two of a Bidirectional with merge_mode=None. */
function outputsShown(layer: Json): number {
  const config = asObject(layer.config ?? {}, 'layer');
  if (layer.class_name === 'Sequential') return outputsShown(asObject(list(config.layers).at(-1) ?? {}, 'layer'));
  if (MODELS.has(wordOf(layer.class_name))) return Number.POSITIVE_INFINITY;
  const inner = (config.layer as { config?: Json } | undefined)?.config;
  if (config.return_state === true || inner?.return_state === true || isCell(layer.class_name)) return Number.POSITIVE_INFINITY;
  return layer.class_name === 'Bidirectional' && config.merge_mode === null ? 2 : 1;
}

function keysOf(config: Json): string[] | null {
  const { output_layers } = config;
  if (typeof output_layers !== 'object' || output_layers === null || Array.isArray(output_layers)) return null;
  return structured(output_layers).map(({ key }) => key);
}

function readsOf(argument: Argument): string[] {
  return tensorsOf(argument).map(({ tensor: [layer, call, output] }) => `${layer}[${call}][${output}]`);
}

function collectDetails(model: Json, prefix: string, details: Map<string, KerasDetails>): void {
  const collect = (layer: Json, before: string): void => {
    const config = asObject(layer.config ?? {}, 'layer');
    const name = before + nameOf(layer);
    if (MODELS.has(wordOf(layer.class_name))) collectDetails(config, `${name}/`, details);
    if (isTakenApart(layer)) collect(stepLayer(layer), `${name}/`);
    // a layer at every step is one layer of ours, under the outer name
    const own = layer.class_name === 'TimeDistributed' && !isTakenApart(layer) ? stepLayer(layer) : layer;
    const { dtype, lora_rank: rank } = asObject(own.config ?? {}, 'layer');
    details.set(name, {
      bytes: variableBytes(dtype),
      quantized: quantizationOf(wordOf(own.class_name), asObject(own.config ?? {}, 'layer')),
      rank: typeof rank === 'number' ? rank : null,
    });
  };
  for (const layer of list(model.layers)) collect(asObject(layer, 'layer'), prefix);
}

const BYTES: Readonly<Record<string, number>> = { float64: 8, float16: 2, bfloat16: 2 };

/** Bytes per number of a weight, from a policy or dtype; mixed policies store weights in float32. */
function variableBytes(dtype: unknown): number {
  const { name, source_name } = ((dtype as { config?: Json } | null | undefined)?.config ?? { name: dtype }) as Json;
  return BYTES[wordOf(source_name ?? name)] ?? 4;
}
