import { RnnError } from '../../errors.js';
import { escapeText } from '../../escape.js';
import { type Json, list } from '../../layers/kerasConfig.js';
import { type CallArguments, type TensorArgument, tensorsOf } from './arguments.js';
import { nameOf } from './models.js';
import type { Blocked, Known } from './wiring.js';

/** A call of a layer as the file has it. */
export interface LayerCall {
  readonly layer: Json;
  readonly group: string;
  readonly call: number;
  readonly args: CallArguments;
  /** `layer|call` of each value it reads */
  readonly reads: readonly string[];
}

/** Visits every call after those it reads. Always takes the first call that is ready, so a list that is already in order stays so. */
export function inDataFlow(calls: readonly LayerCall[], known: Known, visit: (call: LayerCall) => void): void {
  const waiting = [...calls];
  while (waiting.length > 0) {
    const ready = waiting.findIndex(
      ({ layer, call, reads }) => (call === 0 || known.has(`${nameOf(layer)}|${call - 1}`)) && reads.every(key => known.has(key)),
    );
    if (ready < 0)
      throw new RnnError('convention', 'E_KERAS_CONFIG', 'the layers are not connected to the input', {
        found: waiting.map(w => escapeText(nameOf(w.layer), 40)).join(', '),
      });
    visit(waiting.splice(ready, 1)[0]);
  }
}

/** Records the shapes that Keras 3 writes with the values a call reads. */
export function recordShapes(shapes: Blocked['shapes'], nodes: unknown, known: Known): void {
  if (typeof nodes !== 'object' || nodes === null) return;
  const { class_name, config } = nodes as { class_name?: unknown; config?: Json };
  if (class_name === '__keras_tensor__') {
    const [layer, call, output] = list(config?.keras_history);
    const value = known.get(`${layer}|${call}`)?.[Number(output)];
    if (value !== undefined && Array.isArray(config?.shape)) shapes.set(value, config.shape);
  } else for (const node of Object.values(nodes)) recordShapes(shapes, node, known);
}

/** Returns the tensors among the arguments of a call, including those in lists and keyword arguments. */
export function tensorsRead({ args, kwargs }: CallArguments): TensorArgument[] {
  return [...args, ...Object.values(kwargs)].flatMap(tensorsOf);
}
