/** @jest-environment ./__tests__/helpers/hostArrays.cjs */
import '../helpers/unbundled.js';
import { hasOnnxruntime } from '../helpers/differential.js';
import { runCli } from '../helpers/runCli.js';

/** ONNX has no JANET: ONNX Runtime runs it as a Scan, which is written from the cell's own equations. */
jest.mock('../../src/cells/all.js', () => {
  const cells = { ...jest.requireActual('../../src/cells/all.js'), janet: jest.requireActual('../helpers/janet').janet };
  return Object.defineProperty(cells, '__esModule', { value: true });
});

it.each(['janet:4,dense:2', 'bijanet:4+seq', 'janet:3+seq,janet:2'])('%s gives the same y on ONNX Runtime', async layers => {
  if (!(await hasOnnxruntime())) return;
  const line = ['--layers', layers, '--T', '5', '--D', '3', '--N', '3', '--init', 'standard_normal', '--engines', 'batched,onnxruntime'];
  const { exit, stderr, stdout } = await runCli(['compare', ...line, '--json']);
  expect([exit, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'SAME' });
});
