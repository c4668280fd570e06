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
  /** Whether some number of a group is further apart than the sentence says: for sure, or but for what rounding leaves open. */
  const beyond = (limit, isIn) => {
    const some = least => b.some((v, i) => isIn(i) && !Object.is(a[i], v) && !(Math.abs(a[i] - v) <= least));
    return { surely: some(limit * 1.0001 + 2 * noise), maybe: some(limit * 0.9999 - 2 * noise) };
  };
  const IN = {
    sample: n => i => Math.floor((i * N) / b.length) === n - 1,
    step: t => i => Math.floor(i / K) % T === t - 1,
    output: k => i => i % K === k - 1,
  };
  const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  const differ = (what, limit, list) => list.every(g => beyond(limit, IN[what](g)).maybe);
  const equal = (what, limit, list) => list.every(g => !beyond(limit, IN[what](g)).surely);
  /** Whether n of so many groups may be equal. */
  const isCount = (what, limit, of, n) => {
    const groups = range(1, of).map(g => beyond(limit, IN[what](g)));
    return groups.filter(g => !g.maybe).length <= n && n <= groups.filter(g => !g.surely).length;
  };
  const finite = b.map((_, i) => i).filter(i => Number.isFinite(a[i]) && Number.isFinite(b[i]));
  const isNear = (text, v) => Math.abs(Number(text) - v) <= slack(v) + 0.011 * Math.max(Math.abs(v), 1e-3);
  const RULES = [
    [/^both samples differ by more than (\S+)$/, limit => N === 2 && differ('sample', limit, [1, 2])],
    [/^all (\d+) samples differ by more than (\S+)$/, (n, limit) => n === N && differ('sample', limit, range(1, N))],
    [
      /^samples? 1 (?:to (\d+) are|is) equal within (\S+), all from sample (\d+) on differ by more$/,
      (n, limit, m) => m === (n ?? 1) + 1 && equal('sample', limit, range(1, m - 1)) && differ('sample', limit, range(m, N)),
    ],
    [
      /^(\d+) of (\d+) samples (?:is|are) equal within (\S+); the first that differs by more is sample (\d+)$/,
      (n, of, limit, first) =>
        of === N && isCount('sample', limit, N, n) && equal('sample', limit, range(1, first - 1)) && differ('sample', limit, [first]),
    ],
    [
      /^up to step (\d+) all samples are equal within (\S+); step (\d+) is the first that differs by more$/,
      (t, limit, u) => equal('step', limit, range(1, t)) && u === t + 1 && differ('step', limit, [u]),
    ],
    [
      /^from step (\d+) on all samples are equal within (\S+); step (\d+) is the last that differs by more$/,
      (t, limit, u) => equal('step', limit, range(t, T)) && u === t - 1 && differ('step', limit, [u]),
    ],
    [/^(\d+) of (\d+) steps (?:is|are) equal within (\S+) in all samples$/, (n, of, limit) => of === T && isCount('step', limit, T, n)],
    [
      /^((?:y\d+(?:, )?)+) (?:is|are) equal within (\S+) in every row, the other outputs are not$/,
      (names, limit) => {
        const own = names.match(/\d+/g).map(Number);
        const others = range(1, K).filter(k => !own.includes(k));
        return equal('output', limit, own) && differ('output', limit, others);
      },
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
      /^all (\d+) finite numbers are equal to the right ones within (\S+)$/,
      (of, limit) => finite.length === of && !beyond(limit, i => finite.includes(i)).surely,
    ],
    [
      /^(\d+) of the (\d+) finite numbers differ by more than (\S+), too$/,
      (n, of, limit) => {
        const each = finite.map(k => beyond(limit, i => i === k));
        return finite.length === of && n > 0 && each.filter(v => v.surely).length <= n && n <= each.filter(v => v.maybe).length;
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
    [
      /^the largest difference (falls|grows) from (\S+) at step 1 to (\S+) at step (\d+)$/,
      (way, from, to, last) => {
        const most = t => b.reduce((m, v, i) => (IN.step(t)(i) ? Math.max(m, Math.abs(v - a[i])) : m), 0);
        const isAbout = (said, v) => Math.abs(said - v) <= 0.06 * v + 2 * noise + slack(v);
        return last === T && isAbout(from, most(1)) && isAbout(to, most(T)) && from > to === (way === 'falls');
      },
    ],
    [
      /^not tested: whether the sequences start from another state than zeros \(it would have (\d+) numbers, (?:your output has (\d+)|at most 48 are estimated)\)$/,
      (unknown, n) =>
        unknown === net.layers * net.M * (net.cell === 'lstm' ? 2 : 1) * (net.bi ? 2 : 1) &&
        (n === undefined ? unknown > 48 : n === b.length && unknown + 2 > n),
    ],
    [/^not tested: whether one number in .* is wrong \(there are too many\); /, () => true],
  ];
  return sentences.filter(sentence => {
    const rule = RULES.find(([pattern]) => pattern.test(sentence));
    if (!sameShape) return false;
    return !rule?.[1](
      ...sentence
        .match(rule[0])
        .slice(1)
        .map(v => (v !== undefined && /^-?[\d.]+(e-?\d+)?$/.test(v) ? Number(v) : v)),
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
