// The sentences that compare prints where nothing explains an output, each checked against the numbers by code of its own.

/**
 * @param slack how far a number may be from what was meant, for the way it was written
 * @param noise how far rounding moves a number
 * @returns the sentences that do not hold, or that no check knows
 */
export function falseSentences(sentences, { right, y, X, net }, slack, noise) {
  const sameShape = sizes(right).join() === sizes(y).join();
  const [N, T] = sizes(y);
  const K = sizes(y).at(-1);
  const [a, b] = [right.flat(Infinity), y.flat(Infinity)];
  // what is called equal may be off by rounding, what is called different may not: in between both are right
  const scale = Math.sqrt(a.reduce((sum, v) => sum + v * v, 0) / a.length);
  const least = v => slack(v) + 2 * noise;
  const most = v => slack(v) + Math.max(40 * noise, 1.1e-3 * Math.max(scale, Math.abs(v)));
  const beyond = limit => (from, to) => a.slice(from, to).some((v, i) => !(Math.abs(v - b[from + i]) <= limit(b[from + i])));
  const off = beyond(least);
  const isOff = {
    sample: n => off(((n - 1) * b.length) / N, (n * b.length) / N),
    step: t => Array.from({ length: N }, (_, n) => off((n * T + t - 1) * K, (n * T + t) * K)).some(Boolean),
    output: k => b.some((_, i) => i % K === k - 1 && off(i, i + 1)),
  };
  const surely = { sample: n => beyond(most)(((n - 1) * b.length) / N, (n * b.length) / N) };
  surely.step = t => Array.from({ length: N }, (_, n) => beyond(most)((n * T + t - 1) * K, (n * T + t) * K)).some(Boolean);
  surely.output = k => b.some((_, i) => i % K === k - 1 && beyond(most)(i, i + 1));
  /** Whether so many may be equal: as many as are not surely off, and no fewer than are off by nothing. */
  const isCount = (what, of, n) => {
    const equal = test => Array.from({ length: of }, (_, i) => test[what](i + 1)).filter(v => !v).length;
    return equal(isOff) <= n && n <= equal(surely);
  };
  const none = (what, from, to) => Array.from({ length: to - from + 1 }, (_, i) => !surely[what](from + i)).every(Boolean);
  const every = (what, from, to) => Array.from({ length: to - from + 1 }, (_, i) => isOff[what](from + i)).every(Boolean);
  const isNear = (text, v) => Math.abs(Number(text) - v) <= slack(v) + 0.011 * Math.max(Math.abs(v), 1e-3);
  const RULES = [
    [/^both samples differ$/, () => N === 2 && every('sample', 1, 2)],
    [/^all (\d+) samples differ$/, n => n === N && every('sample', 1, N)],
    [/^sample 1 is equal, all from sample 2 on differ$/, () => none('sample', 1, 1) && every('sample', 2, N)],
    [/^samples 1 to (\d+) are equal, all from sample (\d+) on differ$/, (n, m) => none('sample', 1, n) && every('sample', m, N)],
    [
      /^(\d+) of (\d+) samples (?:is|are) equal; the first that differs is sample (\d+)$/,
      (n, of, first) => of === N && isCount('sample', N, n) && none('sample', 1, first - 1) && isOff.sample(first),
    ],
    [
      /^all samples are equal up to step (\d+); step (\d+) is the first that differs$/,
      (t, u) => none('step', 1, t) && u === t + 1 && isOff.step(u),
    ],
    [
      /^all samples are equal from step (\d+) on; step (\d+) is the last that differs$/,
      (t, u) => none('step', t, T) && u === t - 1 && isOff.step(u),
    ],
    [/^(\d+) of (\d+) steps are equal in all samples$/, (n, of) => of === T && isCount('step', T, n)],
    [
      /^((?:y\d+(?:, )?)+) (?:is|are) equal in every row, the other outputs are not$/,
      names => names.match(/\d+/g).every(k => !surely.output(Number(k))) && isCount('output', K, names.match(/\d+/g).length),
    ],
    [
      /^(?:your y goes (up and down with the right y|down where the right y goes up)|(no relation) of your y to the right y is visible): correlation (-?[\d.]+) over (\d+) numbers \(for unrelated numbers it is within ±([\d.]+) in 19 of 20 cases\)$/,
      (way, none, r, n, chance) =>
        n === b.length &&
        Math.abs(r - correlation(a, b)) <= 0.011 &&
        Math.abs(chance - chanceOf(n)) <= 0.06 &&
        (none ? Math.abs(r) <= chance + 0.01 : Math.abs(r) >= chance - 0.01 && r > 0 === way.startsWith('up')),
    ],
    [
      /^((?:\d+ (?:is|are) (?:NaN|Infinity|−Infinity)(?:, )?)+) of (\d+) numbers; the first is at sample (\d+)(?:, step (\d+))?, y(\d+)$/,
      (counts, of, n, t, k) =>
        of === b.length &&
        counts
          .split(', ')
          .every(
            text => b.filter(v => String(v) === text.replace(/.* (?:is|are) /, '').replace('−', '-')).length === Number.parseInt(text, 10),
          ) &&
        b.findIndex((v, i) => !Number.isFinite(v) && Number.isFinite(a[i])) ===
          ((n - 1) * (t === undefined ? 1 : T) + (t ?? 1) - 1) * K + k - 1,
    ],
    [
      /^(all|\d+ of the) (\d+) finite numbers (are equal to the right ones|differ, too)$/,
      (which, of, what) => {
        const both = b.map((_, i) => i).filter(i => Number.isFinite(a[i]) && Number.isFinite(b[i]));
        const n = which === 'all' ? 0 : Number.parseInt(which, 10);
        const differing = limit => both.filter(i => Math.abs(a[i] - b[i]) > limit(b[i])).length;
        return both.length === of && differing(most) <= n && n <= differing(least) && (n === 0) === what.startsWith('are');
      },
    ],
    [/^no finite number remains: /, () => b.every(v => !Number.isFinite(v))],
    [
      /^other outputs of the same row are finite: /,
      () => rowsOf(b, K).some(row => row.some(Number.isFinite) && !row.every(Number.isFinite)),
    ],
    [
      /^some rows are lost whole and the others are finite: /,
      () =>
        rowsOf(b, K).every(row => row.every(Number.isFinite) || !row.some(Number.isFinite)) &&
        rowsOf(b, K).some(row => row.every(Number.isFinite)),
    ],
    [
      /^in each of these samples all steps from the first such number on are lost: /,
      () => y.every(rows => rows.every((row, t) => t === 0 || rows[t - 1].some(Number.isFinite) || !row.some(Number.isFinite))),
    ],
    [
      /^later steps of the same sample are finite again: /,
      () => !net.bi && y.some(rows => rows.some((row, t) => t > 0 && !rows[t - 1].every(Number.isFinite) && row.every(Number.isFinite))),
    ],
    [
      /^the scores before the (?:softmax|sigmoid) stay within (\S+): exp overflows float32 only at 88.7, so no overflow there$/,
      v => v < 88.7,
    ],
    [/^x reaches (\S+): /, v => isNear(v, Math.max(...X.flat(Infinity).map(Math.abs)))],
    [
      /^your numbers lie between (\S+) and (\S+), the right ones between (\S+) and (\S+)$/,
      (l, m, p, q) => isNear(l, Math.min(...b)) && isNear(m, Math.max(...b)) && isNear(p, Math.min(...a)) && isNear(q, Math.max(...a)),
    ],
    [/^every number of your output is (\S+)$/, v => b.every(w => isNear(v, w))],
    [/^not tested: whether one number in .* is wrong \(there are too many\); /, () => true],
  ];
  return sentences.filter(sentence => {
    const rule = RULES.find(([pattern]) => pattern.test(sentence));
    if (!sameShape) return false;
    return !rule?.[1](
      ...sentence
        .match(rule[0])
        .slice(1)
        .map(v => (v !== undefined && /^-?[\d.]+$/.test(v) ? Number(v) : v)),
    );
  });
}

const rowsOf = (flat, K) => Array.from({ length: flat.length / K }, (_, r) => flat.slice(r * K, (r + 1) * K));

/** How large the correlation of so few unrelated numbers is in one of twenty cases. */
const chanceOf = n => ({ 4: 0.95, 5: 0.88, 6: 0.81, 7: 0.75 })[n] ?? 2 / Math.sqrt(n);

function sizes(nested) {
  return Array.isArray(nested) ? [nested.length, ...sizes(nested[0])] : [];
}

function correlation(a, b) {
  const mean = v => v.reduce((s, x) => s + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = f => a.reduce((s, v, i) => s + f(v - ma, b[i] - mb), 0);
  return sum((p, q) => p * q) / Math.sqrt(sum(p => p * p) * sum((_p, q) => q * q));
}
