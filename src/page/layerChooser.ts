import { button, changes, el, replace, sampleInput } from './dom.js';
import type { Model } from './model.js';
import type { Place } from './panels.js';
import { shownName } from './text.js';

/** The layers, by direction, as buttons, and the sample as a number. */
export interface LayerChooser {
  readonly node: HTMLElement;
  show(model: Model, place: Place): void;
}

export interface LayerChooserOptions {
  choose(layer: string, way: number): void;
  /** @param n from 0 */
  sample(n: number): void;
}

/** With more layers, a list replaces the buttons. */
const MOST_TABS = 16;

/** All layers, with both directions of a bidirectional one. */
export function waysOf({ shapes }: Model): { readonly layer: string; readonly way: number; readonly both: boolean }[] {
  return shapes.layers.flatMap(({ name, bidirectional: both }) => (both ? [0, 1] : [0]).map(way => ({ layer: name, way, both })));
}

export function layerChooser({ choose, sample }: LayerChooserOptions): LayerChooser {
  const node = el('div', { class: 'chooser' });
  const isOther = changes();
  const list = (ways: ReturnType<typeof waysOf>, { layer, way }: Place) => {
    const select = el(
      'select',
      { 'aria-label': 'layer', 'data-key': 'layer' },
      ...ways.map((at, i) => {
        const arrow = at.both ? (at.way === 0 ? ' →' : ' ←') : '';
        return el('option', { value: i, selected: at.layer === layer && at.way === way }, `${shownName(at.layer, 24)}${arrow}`);
      }),
    );
    select.addEventListener('change', () => choose(ways[Number(select.value)].layer, ways[Number(select.value)].way));
    return select;
  };
  return {
    node,
    show(model, place) {
      if (!isOther(model, place.layer, place.way, place.sample)) return;
      const ways = waysOf(model);
      const tabs = ways.slice(0, MOST_TABS).map(({ layer, way, both }) => {
        const name = shownName(layer, 24);
        const state = {
          class: 'tab',
          'aria-pressed': layer === place.layer && way === place.way,
          'aria-label': both ? `${name} ${way === 0 ? 'forwards' : 'backwards'}` : undefined,
          'data-key': `tab-${layer}-${way}`,
        };
        return button(state, () => choose(layer, way), `${name}${both ? (way === 0 ? ' →' : ' ←') : ''}`);
      });
      const N = model.input.x.shape[0];
      replace(
        node,
        ways.length > MOST_TABS ? list(ways, place) : el('div', { class: 'tabs', role: 'group', 'aria-label': 'layers' }, ...tabs),
        N > 1 && sampleInput('sample', place.sample, N, sample),
      );
    },
  };
}
