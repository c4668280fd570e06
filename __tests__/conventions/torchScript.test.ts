import { detectConvention } from '../../src/conventions/index.js';

it('a program without recurrent modules is refused as TorchScript, and read where the network is said', () => {
  const names = ['0.weight', '0.bias', '2.weight'];
  const program = new Map([['torchscript', 'true']]);
  expect(() => detectConvention(names, program)).toThrow('this is a TorchScript program');
  expect(() => detectConvention(names)).toThrow('cannot tell whose weights these are');
  expect(detectConvention(names, program, true).name).toBe('torch');
});
