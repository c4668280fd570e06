/** Names in textbooks and courses for the five arrays of a SimpleRNN and its dense layer, in the order Wx, Wh, bh, Wo, bo. */
const LETTERS = [
  ['Wxh', 'Whh', 'bh', 'Why', 'by'],
  ['Wax', 'Waa', 'ba', 'Wya', 'by'],
  ['W_xh', 'W_hh', 'b_h', 'W_hy', 'b_y'],
  ['W_xh', 'W_hh', 'b_h', 'W_hq', 'b_q'],
  ['W_x', 'W_h', 'b_h', 'W_y', 'b_y'],
];

/** Names of the gates in courses, in the gate order of rnn-cli's own files. */
const GATES = {
  lstm: ['i', 'f', '[cg]', 'o'],
  gru: ['z', 'r', '[hng]'],
};

/** The fix for arrays with names from a user's own script; undefined if no name is recognised. */
export function fixForTextbookNames(names: readonly string[]): string | undefined {
  const cell = (['lstm', 'gru'] as const).find(name => gatesIn(names, GATES[name]).length > 0);
  if (cell) {
    const [count, [first]] = [GATES[cell].length, gatesIn(names, GATES[cell])];
    return `join the gates under our names: np.savez("w.npz", **{"${cell}_1/Wx": np.concatenate([${first.join(', ')}], axis=-1), "${cell}_1/Wh": …, "${cell}_1/bh": …, "dense_1/Wo": …, "dense_1/bo": …}), Wx [D, ${count}M], Wh [M, ${count}M], bh [${count}M], the transposes of what W @ x takes; of a matrix for h and x together, the rows of x are Wx and those of h Wh`;
  }
  const letters = lettersOf(names);
  if (!letters) return undefined;
  return `save them under our names: np.savez("w.npz", ${letters}); Wx is [D, M], Wh [M, M], Wo [M, K], the transposes of what W @ x takes`;
}

/**
 * 'Wx=Wxh, Wh=Whh, …' if all names are from one textbook. For other letters 'Wx=…, Wh=…', because W and U are exchanged between books.
 * Whether the matrices are transposed, only the user knows.
 */
function lettersOf(names: readonly string[]): string | undefined {
  if (names.length < 3 || names.length > 5 || !names.every(name => /^[A-Za-z]{1,2}(_?[a-z]{1,3})?$/.test(name))) return undefined;
  const book = LETTERS.find(letters => names.includes(letters[3]) && names.every(name => letters.includes(name)));
  const ours = ['Wx', 'Wh', 'bh', 'Wo', 'bo'];
  return ours.flatMap((name, i) => (!book ? `${name}=…` : names.includes(book[i]) ? `${name}=${book[i]}` : [])).join(', ');
}

/**
 * Groups names that differ only in the letter of the gate, each group in rnn-cli's gate order: [['W_i', 'W_f', 'W_c', 'W_o'], ['U_i', …]].
 */
function gatesIn(names: readonly string[], gates: readonly string[]): string[][] {
  const alike = new Map<string, string[]>();
  for (const name of names) {
    const start = name.slice(0, -1);
    if (!/^[A-Za-z]\w{0,3}$/.test(start)) continue;
    const own = alike.get(start);
    if (own) own.push(name);
    else alike.set(start, [name]);
  }
  return [...alike.values()].flatMap(own => {
    const found = gates.map(gate => own.find(name => new RegExp(`^${gate}$`).test(name.slice(-1))));
    return found.every(name => name !== undefined) ? [found as string[]] : [];
  });
}
