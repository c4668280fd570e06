import { RnnError } from '../../errors.js';
import { graphsIn, type OnnxModel } from '../../formats/onnx/graph.js';
import { sized } from '../../layers/operatorNumbers.js';
import { fromOnnx } from '../../ops/value.js';
import { sizeOf } from '../../tensor/tensor.js';
import { constantsOf } from './checkNodes.js';
import { Nodes, type Wire } from './nodes.js';
import { asOperator } from './operatorOf.js';

/** A constant with more numbers than this is a weight, not a list of sizes or axes. */
const FEW = 64;

/** Returns the shapes, by name, of values that depend on constants only, such as weights whose gates are reordered. Nothing is computed. */
export function constantShapes(model: OnnxModel): ReadonlyMap<string, readonly (number | null)[]> {
  const nodes = new Nodes();
  const wires = new Map<string, Wire>();
  for (const graph of graphsIn(model.graph)) {
    for (const [name, tensor] of constantsOf(graph)) {
      if (tensor.dtype === null) continue;
      if (sizeOf(tensor.shape) <= FEW) wires.set(name, { constant: fromOnnx(tensor, 'f32') });
      else {
        const value = nodes.free(name);
        nodes.shapes.set(value, tensor.shape.map(sized));
        wires.set(name, { value });
      }
    }
    for (const node of graph.nodes) {
      if (node.inputs.length === 0 || node.captures || !node.inputs.every(name => name === '' || wires.has(name))) continue;
      try {
        const given = node.inputs.map(name => wires.get(name));
        const gives = asOperator(node, given, node.opset ?? model.opsets.get('') ?? 1, nodes);
        for (const [i, wire] of gives.entries()) wires.set(node.outputs[i] ?? '', wire);
      } catch (error) {
        // its shape stays unknown
        if (!(error instanceof RnnError)) throw error;
      }
    }
  }
  return new Map([...wires].map(([name, wire]) => [name, nodes.shape(wire).map(d => d.size)]));
}
