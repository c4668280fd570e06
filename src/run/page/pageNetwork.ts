import { RnnError } from '../../errors.js';
import type { FloatArray, Tensor } from '../../tensor/tensor.js';
import { titleOf } from '../network/network.js';
import type { Prepared } from '../prepare.js';
import type { InputRequest, NetworkRequest } from '../request.js';
import type { Packed, PageFlags, PageNetwork } from './pageData.js';

/** More numbers than this are included even if a seed can draw them again: drawing takes longer than reading. */
const DRAWN_AGAIN = 20_000;

/** Most bytes of numbers in a page: browsers open that in about a second. */
const MOST_BYTES = 64 * 2 ** 20;

const FLAGS = ['N', 'T', 'D', 'M', 'K', 'cell', 'task', 'pool', 'bidirectional', 'stack', 'activation', 'layers', 'framework'] as const;

/** The network of a run as the page contains it. @throws RnnError E_PAGE_SIZE (limit), E_PAGE_GRAPH (unsupported) */
export function pageNetwork(prepared: Prepared, request: NetworkRequest & InputRequest): PageNetwork {
  const { network, weights, input } = prepared;
  if (prepared.graphInputs) throw noPageOfGraph();
  checkSize([...weights.values(), input.x, ...(input.others?.values() ?? [])]);
  const file = request.model !== undefined || request.weights !== undefined;
  const drawnWeights = network.weights === undefined;
  const drawnInput = request.input === undefined;
  const few = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0) <= DRAWN_AGAIN;
  const again =
    drawnInput && input.x.data.length <= DRAWN_AGAIN && few && input.mask === undefined && request.rows === undefined && !input.others;
  return {
    title: titleOf(network),
    framework: network.framework,
    spec: network.model,
    flags: file ? null : (Object.fromEntries(FLAGS.map(key => [key, request[key]])) as PageFlags),
    weights: drawnWeights && few ? null : Object.fromEntries([...weights].map(([name, t]) => [name, packed(t)])),
    input: {
      drawn: drawnInput,
      shape: input.x.shape,
      x: again ? null : packed(input.x),
      mask: input.mask ? { shape: [input.mask.length], dtype: 'u8', base64: base64(input.mask) } : null,
      initialStates: input.initialStates
        ? Object.fromEntries([...input.initialStates].map(([layer, states]) => [layer, states.map(packed)]))
        : null,
      others: input.others ? Object.fromEntries([...input.others].map(([name, t]) => [name, packed(t)])) : null,
    },
    seed: prepared.seed,
    rng: request.rng,
    inputRng: request.inputRng,
    init: request.init,
    weightsSource: prepared.weightsSource,
    inputSource: prepared.inputSource,
    notes: prepared.notes,
    assumptions: prepared.assumptions,
  };
}

/** @returns E_PAGE_GRAPH: a page cannot run a graph node by node */
export function noPageOfGraph(): RnnError {
  return new RnnError(
    'unsupported',
    'E_PAGE_GRAPH',
    'a page shows a fixed list of layers and operators, but which ones this graph runs depends on computed values (If, Loop, Scan)',
    { where: '--html', fix: 'drop --html; inspect FILE --html FILE.html shows its weights' },
  );
}

/** @throws RnnError E_PAGE_SIZE */
export function checkSize(tensors: readonly Tensor[]): void {
  const bytes = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes <= MOST_BYTES) return;
  const message = `the page would hold ${bytes} bytes of numbers, and ${MOST_BYTES} are the most a page may hold`;
  throw new RnnError('limit', 'E_PAGE_SIZE', message, {
    where: '--html',
    expected: `at most ${MOST_BYTES} bytes`,
    found: `${bytes} bytes`,
    fix: 'show fewer samples (--rows 0:10), or a smaller network',
  });
}

/** Encodes a tensor in base64 for a page. */
export function packed({ shape, data }: Tensor): Packed {
  return { shape, dtype: data instanceof Float32Array ? 'f32' : 'f64', base64: base64(data) };
}

function base64({ buffer, byteOffset, byteLength }: FloatArray | Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
