import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runScenario, scenarioOf } from '../../src/diagnosis/index.js';
import { samplesOf } from '../../src/diagnosis/scenario.js';
import { manualKernels } from '../../src/engines/manual.js';
import { walk } from '../../src/engines/walk.js';
import { samplesAreIndependent } from '../../src/model/samples.js';
import { runCompare } from '../../src/run/compare.js';
import { prepare } from '../../src/run/prepare.js';
import { temporaryFolder } from '../helpers/files.js';

const { write } = temporaryFolder();

/** Explanations start from the right y: of any graph (several inputs, shared layers, states and masks from other layers) it is what Keras gives. */
const folder = join(__dirname, '..', 'reference', 'keras_models');
// a state that goes from step to step of TimeDistributed is that of a whole batch
const WHOLE_BATCHES = /^td_stateful/;
const models = readdirSync(folder).filter(name => /\.(keras|h5)$/.test(name) && !WHOLE_BATCHES.test(name));

const requestOf = (model: string) => {
  const name = join(folder, model.replace(/\.(keras|h5)$/, ''));
  return { model: join(folder, model), input: existsSync(`${name}.x.npz`) ? `${name}.x.npz` : `${name}.x.npy` };
};

it.each(models)('%s: the right y of the diagnosis is that of the engine, of one sample too', async model => {
  const { network, weights, input } = await prepare(requestOf(model));
  const expected = walk(network.model, weights, input, { dtype: 'f64', trace: false }, manualKernels('f64')).y;
  const whole = scenarioOf(network.model, weights, input);
  // segments are numbered over all samples
  const first = samplesAreIndependent(network.model, network.shapes) ? runScenario(samplesOf(whole, 0, 1))!.y.data : [];
  const right = runScenario(whole)!.y;
  expect(right.shape).toEqual(expected.shape);
  right.data.forEach((v, k) => {
    expect(v).toBeCloseTo(expected.data[k], 9);
  });
  first.forEach((v, k) => {
    expect(v).toBeCloseTo(expected.data[k], 9);
  });
});

it.each([
  ['multi_in.keras', 'state-carry'],
  ['encdec.keras', 'time-reversed@lstm'],
  ['shared_siamese.keras', 'bias-missing@dense'],
])('%s: %s is found', async (model, mistake) => {
  const { status, explanations } = await runCompare({ ...requestOf(model), simulate: mistake });
  expect([status, explanations[0]]).toMatchObject(['DIFFERENT', { code: mistake.split('@')[0], verdict: 'fits' }]);
});

it('what the input cannot show is told of the layers that y depends on, and of no others', async () => {
  const lstm = { kind: 'lstm', units: 4, name: 'a', returnSequences: true };
  const beside = [
    { kind: 'rnn', units: 2, name: 'side', inputs: ['a'] },
    { kind: 'dense', units: 2, name: 'aux', inputs: ['side'] },
  ];
  const model = {
    input: { timesteps: 5, features: 3 },
    layers: [lstm, { kind: 'gru', units: 3, name: 'b', inputs: ['a'] }, ...beside],
    outputs: ['b', 'aux'],
  };
  const { cannotDetect } = await runCompare({ model: write('two.json', JSON.stringify(model)), N: 2 });
  expect(cannotDetect.filter(code => /@(side|aux)$/.test(code))).toEqual([]);
  expect(cannotDetect).toContain('bias-missing@b');
});
