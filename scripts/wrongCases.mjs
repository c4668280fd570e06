// The cases of scripts/corpus.mjs and __tests__/diagnosis/named.test.ts: a random network, an x and the y of one mistake, computed by the loops of
// plainLoops.mjs, and the same network as compare is told it.
import { GATES, network, runAll } from './plainLoops.mjs';
import { deep, otherOrder } from './wrongOutputs.mjs';

/** xorshift128 from a text; uniform in [0, 1) and standard normal. */
function stream(text) {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  for (let i = 0; i < text.length; i++) {
    b = (b << 5) | (b >>> 27);
    a = Math.imul(a ^ text.charCodeAt(i), 0x85ebca6b) ^ b;
  }
  const next = () => {
    const t = d ^ (d << 11);
    [d, c, b] = [c, b, a];
    a = a ^ (a >>> 19) ^ t ^ (t >>> 8);
    return (a >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 40; i++) next();
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { next, normal, pick: list => list[Math.floor(next() * list.length)] };
}

const matrix = (rows, columns, draw) => Array.from({ length: rows }, () => Array.from({ length: columns }, draw));

const HARSH_WEIGHTS = normal => ({ chaotic: normal(4), exploding: normal(30), tiny: normal(1e-4), nan: normal(0.5) });

/** wide: normal 0.5 · torch: uniform ±1/√M · keras: glorot, zero biases, forget gate 1 · trained: keras with biases · large: normal 1.5 */
function drawWeights(net, D, init, rng) {
  const { M, K } = net;
  const G = GATES[net.cell];
  const uniform = a => () => Math.fround((2 * rng.next() - 1) * a);
  const normal = s => () => Math.fround(s * rng.normal());
  const glorot = uniform(Math.sqrt(6 / (M + G * M)));
  const draw = {
    wide: normal(0.5),
    torch: uniform(1 / Math.sqrt(M)),
    keras: glorot,
    trained: glorot,
    large: normal(1.5),
    ...HARSH_WEIGHTS(normal),
  }[init];
  const bias = () =>
    Array.from({ length: G * M }, (_, k) => {
      const unit = net.cell === 'lstm' && k >= M && k < 2 * M ? 1 : 0;
      return init === 'keras' ? unit : init === 'trained' ? Math.fround(unit + 0.2 * rng.normal()) : draw();
    });
  const direction = rows => ({
    Wx: matrix(rows, G * M, draw),
    Wh: matrix(M, G * M, draw),
    b: bias(),
    b2: net.twoBiases ? (init === 'keras' ? Array(G * M).fill(0) : bias()) : undefined,
    p: net.peepholes ? matrix(3, M, draw) : undefined,
  });
  const width = net.bi === 'concat' ? 2 * M : M;
  const layers = Array.from({ length: net.layers }, (_, l) => ({
    f: direction(l === 0 ? D : width),
    r: net.bi ? direction(l === 0 ? D : width) : undefined,
  }));
  const each = make => Array.from({ length: width }, make);
  const norm = net.norm && { gamma: each(() => 1 + 0.3 * draw()), beta: each(draw) };
  if (net.norm === 'batchnorm') Object.assign(norm, { mean: each(draw), variance: each(() => 0.05 + rng.next()) });
  return { layers, norm, Wo: matrix(width, K, draw), bo: Array.from({ length: K }, () => (init === 'keras' ? 0 : draw())) };
}

/** Tokens of an embedding. */
const VOCABULARY = 7;

const NUMBERS = { round: Math.fround, order: 1 };

/** Networks whose numbers are chaotic, explode, hold a NaN or are badly scaled: what x is multiplied by. */
const HARSH = { chaotic: 1, exploding: 1e3, tiny: 1e-6, nan: 1 };

/** What a case is drawn from. */
const SIZES = { N: [1, 2, 3, 5, 8], T: [3, 4, 6, 10, 20, 50], D: [1, 2, 3, 5, 8], M: [2, 3, 5, 8, 16, 32], K: [1, 2, 3, 5] };

/**
 * A network, an input and the wrong y of one mistake; undefined where the mistake cannot happen on the network that was drawn, or the network has
 * as many layers as `fewerThan`.
 */
export function makeCase(
  name,
  mistake,
  seed,
  { harsh: isHarsh = false, sizes: drawnFrom = SIZES, fewerThan = Number.POSITIVE_INFINITY } = {},
) {
  const rng = stream(`${name} ${seed}`);
  const { pick } = rng;
  const cell = pick(['rnn', 'lstm', 'gru']);
  const sizes = Object.fromEntries(Object.entries(drawnFrom).map(([name, list]) => [name, pick(list)]));
  const layers = pick([1, 1, 2, 2, 3]);
  const bi = pick([null, null, 'concat']);
  Object.assign(sizes, mistake.sizes?.(sizes));
  const pooled = pick([null, null, null, null, 'max', 'mean']);
  const seq = pooled === null && rng.next() < 0.35;
  const resetAfter = cell === 'gru' && rng.next() < 0.8;
  const net = {
    cell,
    M: sizes.M,
    K: sizes.K,
    layers,
    bi,
    seq,
    ...(pooled ? { pool: pooled } : {}),
    resetAfter,
    twoBiases: cell === 'gru' && resetAfter,
  };
  if (mistake.net?.twoBiases && cell === 'gru' && !resetAfter) return undefined;
  const own = Object.fromEntries(Object.entries(mistake.net ?? {}).filter(([k]) => k !== 'lengths'));
  Object.assign(net, own);
  if (net.pool) net.seq = false;
  if (net.cell === 'gru') net.twoBiases = net.resetAfter;
  else net.twoBiases = Boolean(own.twoBiases);
  const harsh = isHarsh ? pick(Object.keys(HARSH)) : undefined;
  const init = harsh ?? pick(mistake.biases ? ['wide', 'torch', 'trained', 'large'] : ['wide', 'torch', 'keras', 'trained', 'large']);
  if (net.layers >= fewerThan || (mistake.when && !mistake.when(net, sizes))) return undefined;
  if (mistake.net?.lengths)
    net.lengths = Array.from({ length: sizes.N }, (_, n) => (n === sizes.N - 1 ? sizes.T : 2 + Math.floor(rng.next() * (sizes.T - 2))));
  const drawn = Array.from({ length: sizes.N }, () => matrix(sizes.T, sizes.D, () => Math.fround(rng.normal())));
  const prepared = mistake.prepare ? mistake.prepare(drawn, rng) : drawn;
  const E = net.tokens ? matrix(VOCABULARY, sizes.D, () => Math.fround(rng.normal())) : undefined;
  if (E) net.tokens = matrix(sizes.N, sizes.T, () => Math.floor(rng.next() * VOCABULARY));
  const X = E ? net.tokens.map(row => row.map(token => E[token])) : harsh ? deep(prepared, v => Math.fround(v * HARSH[harsh])) : prepared;
  if (harsh === 'nan') X[0][0][0] = Number.NaN;
  const weights = { ...drawWeights(net, sizes.D, init, rng), E };
  const place = net.layers === 1 ? 0 : pick([undefined, ...Array.from({ length: net.layers }, (_, l) => l)]);
  const gate = Math.floor(rng.next() * GATES[net.cell]);
  const order = otherOrder(Math.max(2, GATES[net.cell]), rng);
  const all = runAll(net, weights, X, {}, NUMBERS);
  const context = { net, weights, X, rng, sizes, all, right: all.y, place, gate, order, numbers: NUMBERS };
  const made = mistake.make(context);
  const y = made.y ?? network({ ...net, ...made.net }, made.weights ?? weights, made.X ?? X, made.fault ?? {}, made.numbers ?? NUMBERS);
  return { net, sizes, init, place, weights, X, y, right: all.y, rng };
}

/** The network of a case as a spec of ours. */
export function specOf({ net, weights, X }) {
  const layers = weights.layers.map((_, l) => ({
    kind: net.cell,
    name: `r${l}`,
    units: net.M,
    ...(net.peepholes ? { peepholes: true } : {}),
    ...(net.cell === 'gru' ? { resetAfter: net.resetAfter } : net.twoBiases ? { twoBiases: true } : {}),
    ...(net.bi ? { bidirectional: net.bi } : {}),
    returnSequences: l < weights.layers.length - 1 || net.seq || (net.pool ?? 'last') !== 'last',
  }));
  const D = X[0][0].length;
  const embedding = net.tokens ? [{ kind: 'embedding', name: 'emb', tokens: weights.E.length, units: D }] : [];
  const pool = net.pool === 'max' ? [{ kind: 'maxpool' }] : net.pool === 'mean' ? [{ kind: 'avgpool' }] : [];
  const norm = net.norm ? [{ kind: net.norm, name: 'norm', epsilon: net.epsilon }] : [];
  const head = { kind: 'dense', name: 'head', units: net.K, activation: net.head ?? 'linear' };
  return {
    schema: 'rnn-cli/spec@2',
    input: { ...(net.tokens ? {} : { features: D }), timesteps: X[0].length },
    layers: [...embedding, ...layers, ...pool, ...norm, head],
  };
}

/** Its weights, nested, by the names the spec has for them. */
export function tensorsOf({ net, weights }) {
  const tensors = new Map();
  weights.layers.forEach((w, l) => {
    const ways = net.bi ? { 'forward/': w.f, 'backward/': w.r } : { '': w.f };
    for (const [way, own] of Object.entries(ways)) {
      tensors.set(`r${l}/${way}Wx`, own.Wx);
      tensors.set(`r${l}/${way}Wh`, own.Wh);
      tensors.set(`r${l}/${way}bh`, own.b2 ? [own.b, own.b2] : own.b);
      if (net.peepholes) tensors.set(`r${l}/${way}p`, own.p);
    }
  });
  if (net.tokens) tensors.set('emb/E', weights.E);
  for (const [key, v] of Object.entries(weights.norm ?? {})) tensors.set(`norm/${key}`, v);
  tensors.set('head/Wo', weights.Wo);
  tensors.set('head/bo', weights.bo);
  return tensors;
}

export function shapeOf(nested) {
  const shape = [];
  for (let v = nested; Array.isArray(v); v = v[0]) shape.push(v.length);
  return shape;
}
