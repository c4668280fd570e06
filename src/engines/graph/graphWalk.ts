import type { OnnxNode } from '../../formats/onnx/graph.js';
import type { manualKernels } from '../manual.js';
import type { Nodes, Wire } from './nodes.js';

export type Branch = 'then_branch' | 'else_branch';

/** The state of the walk over the nodes of a graph that becomes a spec. */
export interface Walk {
  readonly nodes: Nodes;
  readonly taken?: ReadonlyMap<OnnxNode, Branch>;
  opset: number;
  readonly kernels: ReturnType<typeof manualKernels>;
  /** most numbers of a computed constant: a file of 200 bytes can ask for products of any size */
  readonly most: number;
  readonly readers: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly values: Map<string, Wire>;
}
