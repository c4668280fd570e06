import type { DimsJson, ShapesResult } from '../run/result.js';
import { sizesText, symbolsText } from './dims.js';
import { paramsText } from './paramsText.js';

/** `shapes --mermaid`: the network as a Mermaid flowchart, for pages that draw it (as GitHub does). Ids are our own; names are quoted. */
export function mermaidText(result: ShapesResult): string {
  const ids = new Map<string, string>();
  const lines = ['flowchart LR', `  x(["x"])`];
  result.layers.forEach((layer, i) => {
    ids.set(layer.name, `n${i + 1}`);
    const count = layer.weights.length === 0 ? '' : `<br/>${paramsText(layer, true)} parameters`;
    lines.push(`  n${i + 1}["${quoted(layer.name)}<br/>${quoted(layer.kerasClass)}${count}"]`);
  });
  lines.push(`  y(["y"])`);
  const shapes = new Map<string, DimsJson>(result.layers.map(layer => [layer.name, layer.output]));
  for (const layer of result.layers) {
    for (const name of layer.inputs)
      lines.push(`  ${ids.get(name) ?? 'x'} -- "${shapeText(shapes.get(name) ?? result.input)}" --> ${ids.get(layer.name)}`);
  }
  const last = result.layers[result.layers.length - 1];
  lines.push(`  ${last ? ids.get(last.name) : 'x'} -- "${shapeText(result.output)}" --> y`);
  return lines.map(line => `${line}\n`).join('');
}

/** '(N, T, D) N×10×3' */
function shapeText(shape: DimsJson): string {
  return quoted(`${symbolsText(shape)} ${sizesText(shape)}`);
}

/** Escapes text for Mermaid: any character but letters, digits and plain signs becomes its code. */
function quoted(text: string): string {
  return text.replace(/[^\p{L}\p{N} ._,×()+*/-]/gu, character => `#${character.codePointAt(0)};`);
}
