import { isUnnamedArray } from '../conventions/index.js';
import { RECURRENT_OPS } from '../conventions/onnx/recurrentNode.js';
import { constantShapes } from '../engines/graph/constantShapes.js';
import { operatorName, unsupportedNodes } from '../engines/graph/evaluate.js';
import { RnnError } from '../errors.js';
import { escapeText, shownPath } from '../escape.js';
import { DTYPE_BYTES } from '../formats/bytes/budget.js';
import type { TensorFile } from '../formats/format.js';
import { graphsIn, type OnnxModel } from '../formats/onnx/graph.js';
import { layersLineOf } from '../model/layersLine.js';
import { intOf, textOf } from '../ops/attributes.js';
import { sizeOf } from '../tensor/tensor.js';
import type { ModelFile } from './files/describedFile.js';
import { sha256OfSource } from './files/digest.js';
import { readModelFile } from './files/modelFile.js';
import { shapesInFile } from './network/fileCounts.js';
import { loadDescription, type Network, NO_WEIGHT, placedFile } from './network/network.js';
import { outlinedShapes } from './network/outlinedShapes.js';
import { describeTensors } from './network/tensorRoles.js';
import { shownNetwork } from './network/wiredGraph.js';
import type { NetworkRequest } from './request.js';
import type { InspectGraph, InspectResult, ShapesResult } from './result.js';
import { withoutFeatures } from './shapes.js';
import { VERSION } from './version.js';

/** What an inspected file contains. */
export interface Inspected {
  readonly opened: ModelFile;
  readonly network: Network | null;
}

export interface InspectRequest extends NetworkRequest {
  readonly file: string;
  /** compute the digest, for which the whole file is read instead of its header */
  readonly sha256?: boolean;
  /** the digest that the file must have */
  readonly expectSha256?: string;
}

/**
 * Lists what a file contains: framework, tensors, network. If the network cannot be run, or not even described, that is no error: the
 * result contains the reason.
 * @param onInspected called with the opened file and its tensors
 * @throws RnnError of kinds 'io', 'format', 'limit'; E_SHA256 if the digest differs
 */
export async function runInspect(
  { file: path, sha256: asked = false, expectSha256, ...hints }: InspectRequest,
  onInspected?: (inspected: Inspected) => void,
): Promise<InspectResult> {
  const opened = await readModelFile(path);
  const { file, source } = opened;
  const sha256 = asked || expectSha256 !== undefined ? sha256OfSource(source) : null;
  if (expectSha256 !== undefined && expectSha256.toLowerCase() !== sha256) {
    throw new RnnError('format', 'E_SHA256', 'this is not the expected file', {
      where: escapeText(path),
      expected: escapeText(expectSha256, 80),
      found: sha256 ?? undefined,
    });
  }
  const { network, shapes, reason, layersLine } = await networkOf(path, opened, hints);
  const outlined = network ? undefined : outlinedShapes(opened, path);
  onInspected?.({ opened, network });
  const graph = opened.graph?.model ?? null;
  const inspected = graph && graphOf(graph);
  const tensors = describeTensors(file.tensors, network, graph, network?.framework ?? opened.framework);
  const blocked = inspected && inspected.unsupported.length > 0 ? `the operator ${inspected.unsupported[0]} is not supported` : null;
  return {
    schema: 'rnn-cli/inspect@2',
    version: VERSION,
    file: shownPath(path),
    format: file.format,
    bytes: source.size,
    sha256,
    framework: network?.framework ?? opened.framework ?? null,
    frameworkVersion: versionOf(file, graph),
    tensors,
    totals: {
      tensors: tensors.length,
      numbers: tensors.reduce((sum, t) => sum + t.count, 0),
      bytes: [...file.tensors.values()].reduce((sum, t) => sum + sizeOf(t.shape) * DTYPE_BYTES[t.dtype], 0),
    },
    network: shapes ?? outlined?.shapes ?? null,
    runs: blocked === null && (network !== null || graph !== null) && network?.weights !== undefined && !network.ask,
    reason: blocked ?? reason,
    layersLine,
    graph: inspected,
    skipped: (network?.skipped ?? [...file.tensors.keys()].filter(name => NO_WEIGHT.test(name))).map(name => escapeText(name, 120)),
    notes: [...new Set([...file.notes, ...(network?.notes ?? [])])],
    assumptions: network?.assumptions ?? [],
  };
}

/** Formats that hold arrays without names. */
const ARRAYS: ReadonlySet<string> = new Set(['npy', 'csv', 'printed', 'jsonl']);

async function networkOf(
  path: string,
  opened: ModelFile,
  hints: NetworkRequest,
): Promise<{ network: Network | null; shapes: ShapesResult | null; reason: string | null; layersLine: string | null }> {
  const load = (D: number | undefined) => loadDescription(...placedFile(path, opened, { ...hints, D }));
  try {
    const network = await shownNetwork(await load(hints.D));
    const why = opened.graph && 'reason' in opened.graph.layers ? opened.graph.layers.reason : null;
    const layersLine =
      network.ask?.layersLine ?? (network.model.layers.length === 0 ? null : layersLineOf(network.model, network.framework));
    const shapes = network.model.layers.length > 0 ? shapesInFile({ ...network, ask: undefined }) : null;
    return { network, shapes, layersLine, reason: network.ask ? reasonOf(network.ask, path) : (why ?? network.withoutWeights ?? null) };
  } catch (error) {
    // an error of the flags, not of the file
    if (!(error instanceof RnnError) || error.code === 'E_CONFLICT' || error.code === 'E_UNFILLED') throw error;
    const open = error.code === 'E_SIZE' && error.where === '--D' && hints.layers === undefined;
    const shapes = open ? await withoutFeatures(load) : null;
    const isArrays = error.code === 'E_NAMES' && (ARRAYS.has(opened.file.format) || isUnnamedArray([...opened.file.tensors.keys()]));
    const reason = isArrays ? 'numbers, neither a network nor its weights' : reasonOf(error, path);
    return { network: null, shapes, reason, layersLine: error.layersLine ?? null };
  }
}

/** The message of an error without the file name, which the report already shows. */
function reasonOf({ where, message, fix }: RnnError, path: string): string {
  const shown = shownPath(path);
  const part = where?.startsWith(shown) ? where.slice(shown.length).replace(/^: /, '') : where;
  return `${part ? `${part}: ` : ''}${message}${fix ? `; fix: ${fix}` : ''}`;
}

function versionOf({ metadata }: TensorFile, graph: OnnxModel | null): string | null {
  if (graph) {
    const producer = `${graph.producerName} ${graph.producerVersion}`.trim();
    return escapeText(`opset ${graph.opsets.get('') ?? '?'}${producer ? `, ${producer}` : ''}`, 80);
  }
  const version = metadata.get('keras_version') ?? metadata.get('generatedBy');
  return version === undefined ? null : escapeText(version, 60);
}

function graphOf(model: OnnxModel): InspectGraph {
  const nodes = graphsIn(model.graph).flatMap(graph => graph.nodes);
  const shapes = constantShapes(model);
  const operators = new Map<string, number>();
  for (const node of nodes) operators.set(operatorName(node), (operators.get(operatorName(node)) ?? 0) + 1);
  const plain = (values: OnnxModel['graph']['inputs']) =>
    values.map(({ name, shape }) => ({
      name: escapeText(name, 80),
      shape: shape?.map(n => (typeof n === 'string' ? escapeText(n, 40) : n)) ?? null,
    }));
  return {
    nodes: nodes.length,
    operators: Object.fromEntries([...operators].sort(([a], [b]) => (a < b ? -1 : 1))),
    inputs: plain(model.graph.inputs),
    outputs: plain(model.graph.outputs),
    recurrent: nodes
      .filter(node => node.domain === '' && Object.hasOwn(RECURRENT_OPS, node.opType))
      .map(node => {
        const [W, R] = [1, 2].map(i => shapes.get(node.inputs[i] ?? ''));
        return {
          name: escapeText(node.name, 80),
          op: node.opType,
          direction: escapeText(textOf(node, 'direction') ?? 'forward', 40),
          features: W?.[2] ?? null,
          units: intOf(node, 'hidden_size') ?? R?.[2] ?? null,
        };
      }),
    unsupported: [...new Set(unsupportedNodes(model).map(operatorName))],
  };
}
