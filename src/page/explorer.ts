import { handCalculationOfLayer } from '../run/handCalculation.js';
import type { ForwardPage } from '../run/page/pageData.js';
import type { HandStep } from '../run/result.js';
import { valueNamed } from '../run/valueNamed.js';
import type { Precision } from '../tensor/tensor.js';
import { byHand } from './byHand.js';
import { el, oncePerFrame } from './dom.js';
import { networkFigure } from './figure.js';
import { layerChooser, waysOf } from './layerChooser.js';
import { layerNumbers } from './layerNumbers.js';
import { goesOnFromCallToCall, type Model } from './model.js';
import type { Place } from './panels.js';
import { player } from './player.js';
import { type Trace, traceOf } from './trace.js';

/** The network at one sample, layer, step and unit: picture, heat maps and hand calculation of the same place, each leads to the others. */
export interface Explorer {
  readonly nodes: readonly HTMLElement[];
  readonly help: readonly (readonly [string, string])[];
  use(model: Model): Promise<void>;
}

export interface ExplorerOptions {
  readonly engine: 'batched' | 'manual';
  readonly dtype: Precision;
  readonly at: ForwardPage['at'];
  /** absent: nothing can be changed */
  readonly edit?: (name: string, place: number, value: number) => void;
}

const HELP = [
  ['← →', 'a step back, a step on'],
  ['↑ ↓', 'the unit above, below'],
  ['Space', 'play, pause'],
  ['Home, End', 'first, last step'],
  ['n, p', 'next, previous sample'],
  ['l', 'next layer'],
  ['Tab', 'into a heat map; there the arrows choose a cell and Enter changes its number'],
] as const;

/** Multiply-adds in plain TypeScript that take a few milliseconds; before anything is drawn, when no code is compiled yet, fewer. */
const A_TURN = 2e6;
const FIRST_TURN = 2e5;

export function explorer(options: ExplorerOptions): Explorer {
  let model: Model;
  let trace: Trace | undefined;
  /** the trace that is being filled */
  let filling: Trace | undefined;
  let place: Place = {
    layer: '',
    way: 0,
    sample: (options.at.sample ?? 1) - 1,
    step: (options.at.step ?? 1) - 1,
    unit: (options.at.unit ?? 1) - 1,
  };

  const go = (next: Partial<Place>) => {
    const { sample } = place;
    place = clamped({ ...place, ...next }, model);
    if (place.sample !== sample) void retrace();
    else render();
  };
  const choose = (layer: string, way: number, step: number | null = null) => {
    const changes = layer !== place.layer;
    go({ layer, way, ...(step === null ? {} : { step }) });
    if (changes) void fill(trace);
  };
  const picture = networkFigure({ choose });
  const numbers = layerNumbers({ go, edit: options.edit });
  const hand = byHand(numbers.point);
  const chooser = layerChooser({ choose, sample: sample => go({ sample }) });
  const time = player(step => go({ step }));
  const stage = el('div', { class: 'stage' }, picture.node);
  const bar = el('div', { class: 'bar' }, chooser.node, time.node);
  const bench = el('div', { class: 'bench' }, numbers.node, hand.node);

  const retrace = async () => {
    const mine = model;
    const { sample } = place;
    const made = goesOnFromCallToCall(model) ? undefined : await traceOf(model, sample, options.engine, options.dtype);
    await made?.advance(place.layer, FIRST_TURN);
    if (mine !== model || sample !== place.sample) return;
    trace = made;
    render();
    void fill(made);
  };
  /** The rest of a long trace, a turn at a time, once the page is drawn; what is known is drawn a few times a second. */
  const fill = async (mine: Trace | undefined) => {
    if (!mine || filling === mine || mine.known(place.layer, place.way)[1] === Number.POSITIVE_INFINITY) return;
    filling = mine;
    await new Promise(requestAnimationFrame);
    let drawn = performance.now();
    do {
      if (performance.now() - drawn > 400) {
        render();
        drawn = performance.now();
      }
      await new Promise(resolve => setTimeout(resolve));
    } while (mine === trace && (await mine.advance(place.layer, A_TURN)));
    if (filling === mine) filling = undefined;
    render();
  };

  const render = oncePerFrame(() => {
    chooser.show(model, place);
    time.show(place.step, stepsOf(model, place.layer));
    picture.show(model.shapes, {
      layer: place.layer,
      way: place.way,
      step: place.step,
      steps: name => stepsOf(model, name),
      states: name => model.network.model.layers.find(l => l.name === name)?.states ?? [],
      strip,
      values: [trace, ...waysOf(model).flatMap(({ layer, way }) => trace?.known(layer, way) ?? [])],
    });
    hand.node.hidden = !trace;
    if (!trace) {
      numbers.say(
        'A stateful network in several calls: a sample goes on from the states of the one before, so no sample has a calculation of its own.',
      );
      return;
    }
    const step = workingAt(trace);
    const recurrent = trace.output.layers.get(place.layer)?.traces !== undefined;
    const note = recurrent
      ? 'The steps before this one are being computed …'
      : 'This layer has no sums to show: it hands on, picks or joins what it reads.';
    hand.show(step, place.unit, note);
    numbers.show(model, trace, place, step);
  });

  /** What is known of a layer at a step, for the picture. */
  const strip = (layer: string, way: number, step: number): ArrayLike<number> | undefined => {
    const result = trace?.output.layers.get(layer);
    const states = result?.traces?.[way]?.states[0];
    const tensor = states ?? result?.tensor;
    if (!tensor || tensor.shape.length > 3) return undefined;
    const M = tensor.shape[tensor.shape.length - 1] ?? 1;
    if (tensor.shape.length < 3) return tensor.data.subarray(0, M);
    const [from, to] = states ? trace!.known(layer, way) : [0, Number.POSITIVE_INFINITY];
    return step >= from && step < to ? tensor.data.subarray(step * M, (step + 1) * M) : undefined;
  };

  let worked: { readonly at: string; readonly of: Trace; readonly step: HandStep | undefined } | undefined;
  /** The hand calculation of the place, for all units: the same one when only the unit changes. */
  const workingAt = (of: Trace): HandStep | undefined => {
    const [from, to] = of.known(place.layer, place.way);
    if (place.step < from || place.step >= to) return undefined;
    const at = `${place.layer} ${place.way} ${place.step}`;
    if (worked?.at !== at || worked.of !== of) worked = { at, of, step: workedOut(of) };
    return worked.step;
  };
  const workedOut = ({ input, output }: Trace): HandStep | undefined => {
    const run = { model: model.network.model, weights: model.weights, input, output };
    for (const step of handCalculationOfLayer(run, place.layer, 1, place.step + 1))
      if (step.direction === null || (step.direction === 'backward') === (place.way === 1)) return step;
    return undefined;
  };

  addEventListener('keydown', event => {
    const target = event.target as HTMLElement;
    if (!model || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea, summary')) return;
    const keys: Record<string, () => void> = {
      ArrowLeft: () => go({ step: place.step - 1 }),
      ArrowRight: () => go({ step: place.step + 1 }),
      ArrowUp: () => go({ unit: place.unit - 1 }),
      ArrowDown: () => go({ unit: place.unit + 1 }),
      Home: () => go({ step: 0 }),
      End: () => go({ step: stepsOf(model, place.layer) - 1 }),
      n: () => go({ sample: place.sample + 1 }),
      p: () => go({ sample: place.sample - 1 }),
      l: nextLayer,
      ...(target.closest('button, [role=button]') ? {} : { ' ': () => time.toggle() }),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const nextLayer = () => {
    const all = waysOf(model);
    const at = all.findIndex(({ layer, way }) => layer === place.layer && way === place.way);
    const next = all[(at + 1) % all.length];
    choose(next.layer, next.way);
  };

  return {
    nodes: [bar, stage, bench],
    help: HELP,
    async use(next) {
      model = next;
      place = clamped(place, model);
      await retrace();
    },
  };
}

/** Steps of the sequence that a layer reads or gives, else of x. */
function stepsOf({ network: { model }, input, output }: Model, name: string): number {
  const layer = model.layers.find(l => l.name === name);
  const own = [valueNamed(layer?.inputs[0], model, input, output)?.tensor, output.layers.get(name)?.tensor];
  const sequence = own.find(tensor => tensor?.shape.length === 3);
  return sequence?.shape[1] ?? input.x.shape[1] ?? 1;
}

/** The nearest place that the network has; the first recurrent layer where none was chosen. */
function clamped(place: Place, model: Model): Place {
  const { shapes, input } = model;
  const layer = shapes.layers.find(l => l.name === place.layer) ?? shapes.layers.find(l => l.returnSequences !== null) ?? shapes.layers[0];
  const size = layer.units ?? layer.output.shape[layer.output.shape.length - 1] ?? 1;
  const within = (value: number, length: number) => Math.min(Math.max(0, Number.isFinite(value) ? value : 0), Math.max(0, length - 1));
  return {
    layer: layer.name,
    way: layer.bidirectional ? place.way : 0,
    sample: within(place.sample, input.x.shape[0]),
    step: within(place.step, stepsOf(model, layer.name)),
    unit: within(place.unit, size),
  };
}
