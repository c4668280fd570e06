// The hand calculation as data: where the first number of h comes from at step 2.
import { forward } from '@rnn-cli/cli';

const { tensors } = await forward({ M: [2], T: 3, D: 2, trace: true, step: 2 });
for (const { layer, step, lines } of tensors.handCalculation) {
  for (const { label, values } of lines) console.log(`${layer} step ${step}  ${label} = ${values[0].toFixed(6)}`);
}
