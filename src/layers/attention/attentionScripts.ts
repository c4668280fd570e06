import type { Script, ScriptCall, ScriptFacet } from '../facets.js';
import { pythonText } from '../python.js';
import { checkUnmasked } from './axes.js';
import { axesOf, type MultiHeadSpec, maskShape, zeroesUnseen } from './heads.js';
import { type AttentionSpec, readBy, type Sight } from './scores.js';

/** Attention in Python, for NumPy and PyTorch, whose functions mostly have the same names. */

type Library = 'np' | 'torch';

/** Helpers for both libraries, written with NumPy's names. */
const SHARED = `
def before(scores, causal, window):
    t, s = np.arange(scores.shape[-2])[:, None], np.arange(scores.shape[-1])
    near = abs(t - s) < window
    return near & (s <= t) if causal else near


def attend(scores, v, sees=None, real=None, causal=False, whole=False):
    if causal:
        steps = before(scores, True, np.inf)
        sees = steps if sees is None else sees & steps
    if sees is not None:
        scores = np.where(sees, scores, (scores - 1e9).astype(np.float32))
    w = softmax(scores)
    y = w @ v
    y = y if real is None else np.where(real[..., None], y, 0)
    return [y, w] if whole else y


def heads_of(x, W, b=None):
    y = np.einsum("...d,dhp->...hp", x, W)
    return y if b is None else y + b


def multihead(query, key, value, parts, pairs, joined, steps, sees=None, causal=False, window=None, zeroes=False, gate=None, whole=False):
    q, k, v = [heads_of(x, *part) for x, part in zip((query, key, value), parts)]
    scores = np.einsum(pairs, q / q.shape[-1] ** 0.5, k)
    if causal or window:
        near = before(scores, causal, window or np.inf)
        sees = near if sees is None else sees & near
    flat = scores.reshape(*scores.shape[:-2 * steps], -1, int(np.prod(scores.shape[-steps:])))
    if sees is not None:
        sees = np.broadcast_to(sees, scores.shape).reshape(flat.shape)
        flat = np.where(sees, flat, -1e30)
    w = softmax(flat)
    if zeroes and sees is not None:
        w = np.where(sees.any(-1, keepdims=True), w, 0)
    w = w.reshape(scores.shape)
    y = np.einsum(joined, w, v)
    if gate is not None:
        y = y / (1 + np.exp(-heads_of(query, *gate)))
    W, *b = parts[3]
    y = np.tensordot(y, W, 2)
    y = y + b[0] if b else y
    return [y, w] if whole else y
`;

const HELPERS = { np: SHARED.trim(), torch: inTorch(SHARED).trim() } as const;

function inTorch(text: string): string {
  return text
    .replace('np.where(sees, scores, (scores - 1e9).astype(np.float32))', 'torch.where(sees, scores, scores - 1e9)')
    .replace('int(np.prod(scores.shape[-steps:]))', 'scores.shape[-steps:].numel()')
    .replaceAll('np.inf', 'float("inf")')
    .replaceAll('keepdims', 'keepdim')
    .replace(/softmax\((\w+)\)/g, 'torch.softmax($1, -1)')
    .replaceAll('np.', 'torch.');
}

/** The scripts of an attention layer. It passes on the mask of its query. */
function scripts<S extends { readonly attentionMask: boolean }>(expression: (library: Library) => Script<S>['expression']): ScriptFacet<S> {
  const of = (library: Library): Script<S> => ({
    helpers: HELPERS[library],
    readsMasks: true,
    jointMask: (_layer, [query]) => query,
    expression: expression(library),
  });
  return { numpy: of('np'), torch: of('torch') };
}

export const attentionScripts = scripts<AttentionSpec>(library => (layer, call) => {
  const [q, v, k = v] = readBy(layer, call.inputs);
  const masks = checkedMasks(call);
  const scale = call.weight('scale');
  const scaled = (x: string) => (scale === undefined ? x : `${scale} * ${x}`);
  const pairs = `(${q}[..., :, None, :] + ${k}[..., None, :, :])`;
  const scores = {
    dot: () => scaled(`(${q} @ ${k}.swapaxes(-1, -2))`),
    concat: () => `${call.weight('w')} * ${library}.tanh(${scaled(pairs)}).sum(-1)`,
    additive: () => `(${scaled(`${library}.tanh(${pairs})`)}).sum(-1)`,
  }[layer.score]();
  const given = layer.attentionMask ? `(${call.inputs[call.inputs.length - 1]} != 0)` : masks[1];
  const isOfPairs = layer.attentionMask && call.shapes[call.shapes.length - 1].length === 3;
  return called('attend', [scores, v], { sees: given && !isOfPairs ? `${given}[:, None]` : given, real: masks[0], ...flags(layer, call) });
});

export const multiHeadScripts = scripts<MultiHeadSpec>(library => (layer, call) => {
  const [query, value, key = value] = readBy(layer, call.inputs);
  const [asked, ofValue, ofKey = ofValue] = checkedMasks(call);
  const rank = call.shapes[0].length;
  const { pairs, joined } = equations(layer, rank);
  const copies = layer.heads / (layer.keyHeads ?? layer.heads);
  const repeat = library === 'np' ? 'np.repeat' : 'torch.repeat_interleave';
  const part = (name: string) => {
    const isFew = copies > 1 && /^(key|value)$/.test(name);
    const own = [call.weight(`${name}/W`), call.weight(`${name}/b`)].filter(w => w !== undefined);
    return `(${own.map(w => (isFew ? `${repeat}(${w}, ${copies}, -2)` : w)).join(', ')},)`;
  };
  const mask = layer.attentionMask ? `(${call.inputs[call.inputs.length - 1]} != 0)` : undefined;
  const sees = [
    asked && `${asked}[:, None, :, None]`,
    ofValue && `${ofValue}[:, None, None]`,
    ofKey && ofKey !== ofValue && `${ofKey}[:, None, None]`,
    mask && `${mask}${lifted(layer, call)}`,
  ].filter(Boolean);
  const parts = `[${['query', 'key', 'value', 'output'].map(part).join(', ')}]`;
  const steps = axesOf(layer, rank).along.length;
  return called('multihead', [query, key, value, parts, pythonText(pairs), pythonText(joined), String(steps)], {
    sees: sees.length > 0 ? sees.join(' & ') : undefined,
    window: layer.slidingWindow ? String(layer.slidingWindow) : undefined,
    zeroes: zeroesUnseen(layer, rank) ? 'True' : undefined,
    gate: layer.useGate ? part('gate') : undefined,
    ...flags(layer, call),
  });
});

function flags({ causal }: Sight, { wantsOthers }: ScriptCall) {
  return { causal: causal ? 'True' : undefined, whole: wantsOthers ? 'True' : undefined };
}

function called(name: string, given: readonly string[], named: Readonly<Record<string, string | undefined>>): string {
  const options = Object.entries(named).flatMap(([key, text]) => (text === undefined ? [] : [`${key}=${text}`]));
  return `${name}(${[...given, ...options].join(', ')})`;
}

/**
 * The einsum equations of the scores, [N, …, H, T axes, S axes], and of the result. Query and value share the letters of their axes, except
 * those along which the layer attends.
 */
function equations(layer: MultiHeadSpec, rank: number): { pairs: string; joined: string } {
  const { around, along } = axesOf(layer, rank);
  const own = 'abcdefg'.slice(0, rank - 1);
  const other = [...own].map((letter, axis) => (along.includes(axis) ? letter.toUpperCase() : letter)).join('');
  const scores = `${around.map(axis => own[axis]).join('')}h${along.map(axis => own[axis]).join('')}${along.map(axis => other[axis]).join('')}`;
  return { pairs: `${own}hp,${other}hp->${scores}`, joined: `${scores},${other}hp->${own}hp` };
}

/** The index that adds the axes of size 1 an attention mask lacks. */
function lifted(layer: MultiHeadSpec, { shapes }: ScriptCall): string {
  const shape = shapes[shapes.length - 1];
  const wide = maskShape([...shape.keys()], axesOf(layer, shapes[0].length), -1);
  return `[${wide.map(axis => (axis === -1 ? 'None' : ':')).join(', ')}]`;
}

function checkedMasks({ masks = [], shapes }: ScriptCall): readonly (string | undefined)[] {
  checkUnmasked(shapes[0].length, masks);
  return masks;
}
