import { el } from './dom.js';

/** Kinds of letters in the equations, each with its own colour in equations, tables and heat maps. */
export type Role = 'x' | 'h' | 'c' | 'gate' | 'weight' | 'bias' | 'y' | 'plain';

/** The kind of a name in the hand calculation: 'x_t[1]', 'Wx_i[1,2]', 'h_{t−1}', "b'_r", 'bo'. */
export function roleOf(name: string): Role {
  if (/^\(*x_t/.test(name)) return 'x';
  if (/^\(*h(_|\[|$|·)/.test(name)) return 'h';
  if (/^c(_|\[|$)/.test(name)) return 'c';
  if (/^(W[xhop]|p_)/.test(name)) return 'weight';
  if (/^b(['_ho]|$)/.test(name)) return 'bias';
  if (/^y(_|\[|$)/.test(name)) return 'y';
  return /^[ifgozr](\[|_|$)/.test(name) ? 'gate' : 'plain';
}

const TOKEN = /([A-Za-zσ]+'?)(?:_(?:\{([^}]*)\}|([A-Za-z0-9]+)))?|([^A-Za-zσ]+)/g;
const FUNCTIONS = /^(tanh|relu|sigmoid|softmax|linear|exp|max|min|elu|selu|gelu|softplus|softsign|sum|together|OUT)$/;

/** Formats `h_t = tanh(x_t·Wx + h_{t−1}·Wh + bh)` with subscripts and colours. */
export function formula(text: string): HTMLElement {
  const parts = [...text.matchAll(TOKEN)].map(([, name, braces, word, other]) => {
    if (other !== undefined) return document.createTextNode(other);
    if (FUNCTIONS.test(name) || (name.length > 3 && braces === undefined))
      return el('span', { class: 'fn' }, name, word !== undefined && el('sub', {}, word));
    const below = braces ?? word;
    return el(
      'var',
      { class: `role-${roleOf(below === undefined ? name : `${name}_${below}`)}` },
      name,
      below !== undefined && el('sub', {}, below),
    );
  });
  return el('span', { class: 'formula' }, ...parts);
}
