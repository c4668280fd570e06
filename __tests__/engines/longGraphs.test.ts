import { FreeNames } from '../../src/engines/graph/freeNames.js';
import { Nodes, type Wire } from '../../src/engines/graph/nodes.js';
import { sized } from '../../src/layers/operatorNumbers.js';

test('a chain of operators that is longer than the stack is followed to its start', () => {
  const nodes = new Nodes();
  nodes.shapes.set('x', [sized(2)]);
  let wire: Wire = { value: 'x' };
  for (let k = 0; k < 20_000; k++) wire = nodes.op('tanh', 'Tanh', [wire]);
  expect(nodes.needed([nodes.value(wire)])).toHaveLength(20_000);
});

test('a name is given once: the next ones have numbers, and none of those that are taken', () => {
  const names = new FreeNames(['input', 'add_3']);
  expect(['add', 'add', 'add', 'add_2', 'input', 'add'].map(name => names.of(name))).toEqual([
    'add',
    'add_2',
    'add_4',
    'add_2_2',
    'input_2',
    'add_5',
  ]);
});
