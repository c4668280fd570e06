import type { EngineInput, EngineOutput } from '../engines/engine.js';
import { RnnError } from '../errors.js';
import { escapeText, listed } from '../escape.js';
import type { ModelSpec } from '../model/spec.js';
import type { Precision } from '../tensor/tensor.js';
import type { Weights } from '../weights/weights.js';
import { getHypothesis } from './hypotheses.js';
import type { Variant } from './hypothesis.js';
import { runScenario } from './run.js';
import { type Scenario, scenarioOf } from './scenario.js';

export interface Subject {
  readonly model: ModelSpec;
  readonly weights: Weights;
  readonly input: EngineInput;
}

/** Computes the output with a known mistake: 'state-carry', 'gate-order:iofg', 'bias-missing@rnn_2', or two joined by a plus. */
export function simulate(code: string, subject: Subject, precision: Precision = 'f64', trace = false): EngineOutput {
  let scenario = scenarioOf(subject.model, subject.weights, subject.input);
  for (const one of code.split('+')) scenario = simulated(one, scenario);
  const outcome = runScenario(scenario, { precision, trace, exact: true });
  if (!outcome) throw impossible(code, 'the shapes do not match');
  const layers = new Map([...outcome.layers].map(([name, run]) => [name, run.result]));
  return { y: outcome.y, layers, warnings: [] };
}

function simulated(code: string, scenario: Scenario): Scenario {
  const hypothesis = getHypothesis(code);
  const [name, layer] = code.split('@');
  const wanted = spelled(name);
  const variants = hypothesis.variants(scenario).filter(v => layer === undefined || v.layer === layer);
  const variant = variants.find(v => v.code === wanted) ?? (wanted.includes(':') ? undefined : variants.find(v => runs(v, scenario)));
  if (scenario.input.x.shape[0] === 1 && (variant?.needs === 'before' || variant?.code === 'samples-permuted')) {
    throw impossible(code, 'there is one sample only', 'use several samples: --N 4');
  }
  const changed = variant?.change(scenario);
  if (!changed) throw impossible(code, reasonOf(hypothesis.variants(scenario), layer, scenario));
  return changed;
}

/** Whether its shapes fit together: for example, merging by concat needs a head twice as wide. */
function runs(variant: Variant, scenario: Scenario): boolean {
  const changed = variant.change(scenario);
  return changed !== undefined && runScenario(changed) !== undefined;
}

/** Translates other names of the candidate's block: c (Keras, ONNX LSTM), h (Keras, ONNX GRU) and n (PyTorch GRU) are all g here. */
function spelled(code: string): string {
  if (!code.startsWith('gate-order:')) return code;
  return `gate-order:${code.slice(11).replace(/[chn]/g, 'g')}`;
}

function reasonOf(variants: readonly Variant[], layer: string | undefined, scenario: Scenario): string {
  if (variants.length === 0) return 'nothing in it can go wrong in this way';
  const names = scenario.model.layers.map(l => escapeText(l.name, 40)).join(', ');
  if (layer !== undefined) return `not in '${escapeText(layer, 40)}' (layers: ${names})`;
  const codes = [...new Set(variants.map(v => v.code))];
  return `known here: ${listed(codes, 8)}`;
}

function impossible(
  code: string,
  reason: string,
  fix = 'choose another network (--cell lstm, --bidirectional …), input or code',
): RnnError {
  return new RnnError('unsupported', 'E_SIMULATE', `'${escapeText(code, 80)}' cannot happen on this network and input: ${reason}`, {
    where: '--simulate',
    fix,
    more: escapeText(code.replace(/[:@+].*$/, ''), 40),
  });
}
