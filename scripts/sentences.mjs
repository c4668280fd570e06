// The sentences that compare prints where nothing explains an output, each checked against the numbers by code of its own.

/** @returns the sentences that do not hold, or that no check knows */
export function falseSentences(sentences, right, y, near) {
  const sameShape = sizes(right).join() === sizes(y).join();
  const [N, T] = sizes(y);
  const K = sizes(y).at(-1);
  const [a, b] = [right.flat(Infinity), y.flat(Infinity)];
  const off = (from, to) => a.slice(from, to).some((v, i) => !(Math.abs(v - b[from + i]) <= near));
  const isOff = {
    sample: n => off(((n - 1) * b.length) / N, (n * b.length) / N),
    step: t => Array.from({ length: N }, (_, n) => off((n * T + t - 1) * K, (n * T + t) * K)).some(Boolean),
    output: k => b.some((_, i) => i % K === k - 1 && off(i, i + 1)),
  };
  const count = (what, of) => Array.from({ length: of }, (_, i) => isOff[what](i + 1)).filter(v => !v).length;
  const none = (what, from, to) => Array.from({ length: to - from + 1 }, (_, i) => !isOff[what](from + i)).every(Boolean);
  const every = (what, from, to) => Array.from({ length: to - from + 1 }, (_, i) => isOff[what](from + i)).every(Boolean);
  const isNear = (text, v) => Math.abs(Number(text) - v) <= 0.011 * Math.max(Math.abs(v), 1e-3);
  const RULES = [
    [/^both samples differ$/, () => N === 2 && every('sample', 1, 2)],
    [/^all (\d+) samples differ$/, n => n === N && every('sample', 1, N)],
    [/^sample 1 is equal, all from sample 2 on differ$/, () => none('sample', 1, 1) && every('sample', 2, N)],
    [/^samples 1 to (\d+) are equal, all from sample (\d+) on differ$/, (n, m) => none('sample', 1, n) && every('sample', m, N)],
    [
      /^(\d+) of (\d+) samples (?:is|are) equal; the first that differs is sample (\d+)$/,
      (n, of, first) => of === N && count('sample', N) === n && none('sample', 1, first - 1) && isOff.sample(first),
    ],
    [
      /^all samples are equal up to step (\d+); step (\d+) is the first that differs$/,
      (t, u) => none('step', 1, t) && u === t + 1 && isOff.step(u),
    ],
    [
      /^all samples are equal from step (\d+) on; step (\d+) is the last that differs$/,
      (t, u) => none('step', t, T) && u === t - 1 && isOff.step(u),
    ],
    [/^(\d+) of (\d+) steps are equal in all samples$/, (n, of) => of === T && count('step', T) === n],
    [
      /^((?:y\d+(?:, )?)+) (?:is|are) equal in every row, the other outputs are not$/,
      names => names.match(/\d+/g).every(k => !isOff.output(Number(k))) && count('output', K) === names.match(/\d+/g).length,
    ],
    [/correlation (-?[\d.]+) over (\d+) numbers/, (r, n) => n === b.length && Math.abs(r - correlation(a, b)) <= 0.011],
    [
      /^your numbers lie between (\S+) and (\S+), the right ones between (\S+) and (\S+)$/,
      (l, m, p, q) => isNear(l, Math.min(...b)) && isNear(m, Math.max(...b)) && isNear(p, Math.min(...a)) && isNear(q, Math.max(...a)),
    ],
    [/^every number of your output is (\S+)$/, v => b.every(w => isNear(v, w))],
    [/^not tested, for there are too many: a single wrong number/, () => true],
  ];
  return sentences.filter(sentence => {
    const rule = RULES.find(([pattern]) => pattern.test(sentence));
    if (!sameShape) return false;
    return !rule?.[1](
      ...sentence
        .match(rule[0])
        .slice(1)
        .map(v => (/^-?[\d.]+$/.test(v) ? Number(v) : v)),
    );
  });
}

function sizes(nested) {
  return Array.isArray(nested) ? [nested.length, ...sizes(nested[0])] : [];
}

function correlation(a, b) {
  const mean = v => v.reduce((s, x) => s + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = f => a.reduce((s, v, i) => s + f(v - ma, b[i] - mb), 0);
  return sum((p, q) => p * q) / Math.sqrt(sum(p => p * p) * sum((_p, q) => q * q));
}
