import { referencePath } from '../helpers/reference.js';
import { runCli } from '../helpers/runCli.js';

/** Graphs of which an input is a single number, which no network of layers has. */
it.each(['01', '10', '11'])('two graphs with a single number as input are compared on a drawn one: if_%s', async which => {
  const file = referencePath(`onnx_models/control_if_if_${which}.onnx`);
  for (const sizes of [[], ['--T', '3'], ['--N', '2']]) {
    const { exit, stdout } = await runCli(['compare', file, file, ...sizes, '--json']);
    expect([exit, JSON.parse(stdout).status]).toEqual([0, 'SAME']);
  }
});

it('--states is refused where a graph is run node by node, whose hidden states nothing names', async () => {
  const file = referencePath('onnx_models/control_if_lstm_8000');
  const line = ['compare', `${file}.onnx`, '-i', `${file}.x.npz`, '--against', `${file}.y.npz`, '--json'];
  expect((await runCli(line)).exit).toBe(0);
  const { exit, stdout, stderr } = await runCli([...line, '--states']);
  expect([exit, stdout, JSON.parse(stderr)]).toEqual([3, '', expect.objectContaining({ code: 'E_OPERATOR', where: '--states' })]);
});
