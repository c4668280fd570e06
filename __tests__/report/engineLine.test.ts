import { engineLine } from '../../src/report/forwardReport.js';

it.each([
  [{ engine: 'manual', dtype: 'float64' }, 'engine manual, float64'],
  [{ engine: 'batched', engineChoice: 'padded samples', dtype: 'float32' }, 'engine batched (padded samples), float32'],
  [{ engine: 'batched', dtype: 'float32', threads: 1 }, 'engine batched, float32, threads 1'],
])('of %j --verbose says %j', (result, line) => {
  expect(engineLine(result as never)).toBe(line);
});
