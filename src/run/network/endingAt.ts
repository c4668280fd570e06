import { RnnError } from '../../errors.js';
import { escapeNames, escapeText } from '../../escape.js';
import { inferShapes } from '../../model/shapes.js';
import { type LayerSpec, type ModelSpec, outputsOf } from '../../model/spec.js';
import type { Network } from './network.js';

/**
 * Reduces a network to the output of this name. Layers of a file that it does not need are dropped, so that they are neither run nor their
 * weights loaded; drawn weights are those of the whole network.
 * @throws RnnError E_OUTPUT_NAME
 */
export function endingAt(network: Network, name: string | undefined): Network {
  if (name === undefined) return network;
  const outputs = outputsOf(network.model);
  const output = outputs.find(o => o.name === name);
  if (!output) throw noOutput(name, outputs);
  const { otherOutputs: _, ...whole } = { ...network.model, output: output.value, outputName: name };
  if (!network.weights) return { ...network, model: whole, shapes: inferShapes(whole) };
  const model = { ...whole, layers: neededFor(whole) };
  const isNeeded = (key: string) => model.layers.some(layer => key.startsWith(`${layer.name}/`));
  const weights = new Map([...network.weights].filter(([key]) => isNeeded(key)));
  return { ...network, model, shapes: inferShapes(model), weights };
}

export function noOutput(name: string, all: readonly { readonly name: string }[]): RnnError {
  return new RnnError('usage', 'E_OUTPUT_NAME', `the network has no output '${escapeText(name, 60)}'`, {
    where: '--output',
    expected: escapeNames(all.map(o => o.name)),
    found: escapeText(name, 60),
    fix: /\.\w+$/.test(name) ? `to save y: -o ${escapeText(name, 60)}` : `--output ${escapeText(all[0].name, 40)}`,
  });
}

function neededFor({ layers, output }: ModelSpec): LayerSpec[] {
  const needed = new Set<LayerSpec>();
  const visit = (value: string): void => {
    for (const layer of givers(layers, value)) {
      if (needed.has(layer)) continue;
      needed.add(layer);
      for (const read of readBy(layer)) visit(read);
    }
  };
  visit(output);
  return layers.filter(layer => needed.has(layer));
}

/** The layer of that name, or else those that may return it beside their output: 'lstm/h'. */
function givers(layers: readonly LayerSpec[], value: string): readonly LayerSpec[] {
  const own = layers.find(({ name }) => name === value);
  return own ? [own] : layers.filter(({ name }) => value.startsWith(`${name}/`));
}

/** All values that a layer reads, and the call whose weights it shares. */
function readBy({ inputs, states = [], mask, shares }: LayerSpec): readonly string[] {
  return [...inputs, ...states, ...(typeof mask === 'string' ? [mask] : []), ...(shares === undefined ? [] : [shares])];
}
