import { modelIn, parameterCount } from '../model/counts.js';
import { FRAMEWORKS, type FrameworkName } from '../model/frameworks.js';
import { inferShapes } from '../model/shapes.js';
import type { ModelSpec } from '../model/spec.js';
import type { ShapesResult } from '../run/result.js';
import { cell, el, scrolling, tableRow } from './dom.js';
import { countText } from './layerTable.js';
import { shownName } from './text.js';

export const NAMES: Record<string, string> = { keras: 'Keras', torch: 'PyTorch', onnx: 'ONNX', tfjs: 'TensorFlow.js', flax: 'Flax' };

/** Parameters of the network as each framework counts them, weight by weight. */
export function frameworkTable(model: ModelSpec, { totals }: ShapesResult): HTMLElement {
  const counted = FRAMEWORKS.filter(name => totals.byFramework[name] !== undefined);
  const columns = counted.map(name => columnOf(name, model));
  const layers = model.layers.filter((_, i) => columns.some(({ counts }) => (counts?.[i].length ?? 0) > 0));
  const rows = layers.map(layer => {
    const i = model.layers.indexOf(layer);
    const countsOf = ({ counts }: Column) => {
      if (!counts) return cell('', '–');
      const sum = countText(counts[i].reduce((a, b) => a + b, 0n));
      return cell('', el('span', { class: 'sum' }, sum), el('span', { class: 'terms' }, counts[i].map(countText).join(' + ')));
    };
    return tableRow({}, shownName(layer.name, 30), ...columns.map(countsOf));
  });
  const totalOf = ({ name, note }: Column) => {
    const count = totals.byFramework[name];
    if (count === null) return cell('', el('span', { class: 'note' }, note ?? 'no such layer'));
    return cell('', el('span', { class: 'sum', 'data-framework': name }, countText(count)));
  };
  const total = tableRow({ class: 'total' }, 'total', ...columns.map(totalOf));
  const notes = columns.flatMap(({ note }) => note ?? []);
  const two = columns.filter(({ twoBiases }) => twoBiases).map(({ name }) => NAMES[name]);
  if (two.length > 0)
    notes.push(`${two.join(' and ')} ${two.length > 1 ? 'keep' : 'keeps'} two biases for each recurrent layer, which are added.`);
  return el(
    'div',
    {},
    scrolling(
      'table-scroll wide',
      'parameters as each framework counts them',
      el(
        'table',
        { class: 'frameworks' },
        el('thead', {}, el('tr', {}, el('td', {}), ...columns.map(({ name }) => el('th', { scope: 'col' }, NAMES[name])))),
        el('tbody', {}, ...rows, total),
      ),
    ),
    ...[...new Set(notes)].map(note => el('p', { class: 'note' }, note)),
  );
}

interface Column {
  readonly name: FrameworkName;
  readonly note: string | null;
  readonly twoBiases: boolean;
  /** by layer, the count of each weight; null if the framework has no such layer */
  readonly counts: readonly (readonly bigint[])[] | null;
}

function columnOf(name: FrameworkName, described: ModelSpec): Column {
  const { model, note } = modelIn(name, described);
  if (!model) return { name, note, twoBiases: false, counts: null };
  const shapes = inferShapes(model);
  const own = inferShapes(described);
  const counts = shapes.layers.map(l => l.weights.map(w => w.shape.reduce((product, n) => product * BigInt(n), 1n)));
  const twoBiases = shapes.layers.some(
    (l, i) => 'twoBiases' in l.layer && l.layer.twoBiases === true && parameterCount(l) > parameterCount(own.layers[i]),
  );
  return { name, note, twoBiases, counts };
}
