import { el } from './dom.js';

/** y's digest, and whether it is that of the command line. */
export interface Badge {
  readonly node: HTMLElement;
  show(state: { readonly sha256: string; readonly expected: string; readonly changed: boolean; readonly ms: number }): void;
}

export function badge(reset: () => void): Badge {
  const node = el('div', { class: 'badge', role: 'status' });
  const back = el('button', { type: 'button', class: 'quiet', 'data-key': 'reset', on: { click: reset } }, 'back to the start');
  return {
    node,
    show({ sha256, expected, changed, ms }) {
      const equal = sha256 === expected;
      const words = equal
        ? 'y equals the command line’s, bit for bit'
        : changed
          ? 'computed here from what you changed'
          : 'y differs from the command line’s';
      node.className = `badge ${equal ? 'equal' : changed ? 'changed' : 'differs'}`;
      node.replaceChildren(
        el('span', { class: 'dot', 'aria-hidden': true }),
        el('span', { class: 'words' }, words),
        el(
          'code',
          { class: 'sha', title: 'sha256 of y (float32, C order)', 'data-sha256': sha256 },
          `sha256 ${sha256.slice(0, 12)}…${sha256.slice(-6)}`,
        ),
        el('span', { class: 'ms' }, ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`),
        ...(changed ? [back] : []),
      );
    },
  };
}
