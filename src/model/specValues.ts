import { RnnError } from '../errors.js';
import { escapeText } from '../escape.js';
import { getLayerKind } from '../layers/index.js';
import { nearest } from '../registry.js';
import { isCellName } from './frameworks.js';
import type { InputSpec, LayerSpec } from './spec.js';
import { text } from './specJson.js';

/** All values defined so far, by name: inputs, outputs of layers, and `layer/h` for a further output of a layer. */
export class Values {
  readonly first: InputSpec;
  readonly layers = new Map<string, LayerSpec>();
  /** the value that a layer without `inputs` reads */
  last: string;
  /** by kind, a lower bound for the next free number in a default name; numbers are never freed */
  readonly firstFree = new Map<string, number>();
  private readonly inputs = new Set<string>();
  private readonly counts = new Map<string, number>();

  constructor(inputs: readonly InputSpec[]) {
    this.first = inputs[0];
    this.last = this.first.name;
    for (const { name } of inputs) this.inputs.add(name);
  }

  add(layer: LayerSpec): void {
    this.layers.set(layer.name, layer);
    this.last = layer.name;
    this.counts.set(familyOf(layer.kind), this.countOf(layer.kind) + 1);
  }

  /** number of layers of this kind so far; recurrent layers count as one kind */
  countOf(kind: string): number {
    return this.counts.get(familyOf(kind)) ?? 0;
  }

  /** @throws RnnError E_SPEC_WIRING */
  find(given: unknown, where: string): string {
    const name = text(given, where);
    if (name === 'input') return this.first.name;
    if (!this.inputs.has(name) && !this.layers.has(name) && !this.isFurther(name)) throw unknownLayer(where, name, this.names());
    return name;
  }

  /** Whether the name is that of a further output, `lstm_1/h`. Layer names may contain slashes, too. */
  private isFurther(name: string): boolean {
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
      const giver = this.layers.get(name.slice(0, at));
      if (giver && otherSuffixes(giver).includes(name.slice(at + 1))) return true;
    }
    return false;
  }

  private names(): string[] {
    const given = [...this.layers.values()].flatMap(layer => [
      layer.name,
      ...otherSuffixes(layer).map(suffix => `${layer.name}/${suffix}`),
    ]);
    return [...new Set([...this.inputs, ...given])];
  }
}

function familyOf(kind: string): string {
  return isCellName(kind) ? 'recurrent' : kind;
}

/** The names of a layer's further outputs. They do not depend on its sizes. */
function otherSuffixes(layer: LayerSpec): string[] {
  const kind = getLayerKind(layer.kind);
  if (!kind.otherOutputs) return [];
  if (layer.kind === 'op') return OPERATOR_OUTPUTS;
  const unknown = { symbol: '', size: null };
  return kind.otherOutputs(layer, [[unknown, unknown, unknown]], { units: 'M', projection: 'P' }).map(o => o.suffix);
}

/** The number of outputs of an operator is only known with its inputs; until then, any of the first 64 may be named. */
const OPERATOR_OUTPUTS = Array.from({ length: 64 }, (_, i) => String(i + 1));

export function unknownLayer(where: string, name: string, known: readonly string[]): RnnError {
  const names = known.includes('input') ? known : ['input', ...known];
  const near = nearest(name, names);
  return new RnnError('spec', 'E_SPEC_WIRING', `no layer before this one is called '${escapeText(name)}'`, {
    where,
    expected: names.join(', '),
    found: escapeText(name),
    fix: near ? `did you mean '${near}'?` : 'a layer can read the input, or a layer before it',
  });
}
