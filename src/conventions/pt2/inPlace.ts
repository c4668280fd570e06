import { Call } from './call.js';
import { END, type Rules } from './rule.js';
import { int, isTensor, type Operand, unsupportedOperator } from './wiring.js';

/** Operators that write into a tensor (`x[:, 0] = 0`, `x *= 2`): later reads of its name give the new value. */

/** Operators that return, or may return, a view of the same numbers. */
const VIEW =
  /^aten\.(view|reshape|_unsafe_view|transpose|permute|t|mT|mH|select|slice|squeeze|unsqueeze|expand|narrow|unbind|split|chunk|flatten|unflatten|alias|detach|diagonal|contiguous|to|view_as|expand_as|movedim|moveaxis|swapaxes|swapdims|adjoint|numpy_T|real|imag|unfold|dropout|positive)\b/;
/** Views whose position in the whole tensor is known. */
const PART = /^aten\.(select|slice)\./;

/** Whether an operator writes into its first argument, such as `aten.add_.Tensor`. */
export function isInPlace(target: string): boolean {
  return /^aten\.[a-z]\w*_\./.test(target);
}

/**
 * Gives the tensor that was written into, and the tensor that it is part of, new values.
 * @throws RnnError E_PT2_OPERATOR if another view of them is read afterwards
 */
export function writeInPlace(call: Call, result: Operand): void {
  const { node, wiring } = call;
  const { nodes, outputs } = wiring.program;
  const given = node.args.get('self');
  if (!isTensor(given)) return;
  const at = nodes.findIndex(other => other.outputs === node.outputs);
  const read = new Set([...outputs, ...nodes.slice(at + 1).flatMap(({ args }) => [...args.values()].flat().flatMap(namesIn))]);
  const written = new Map<string, string>();
  const stale = new Set<string>();
  let value = wiring.named(`${given.tensor}_written`, result);
  for (let name: string | undefined = given.tensor; name !== undefined; ) {
    const own: string = name;
    written.set(own, value);
    const source = nodes.find(other => other.outputs.includes(own));
    const whole = source?.args.get('self');
    name = undefined;
    if (!source || !isTensor(whole)) break;
    if (isInPlace(source.target)) name = whole.tensor;
    else if (PART.test(source.target)) {
      value = withPart(new Call(source, wiring), value);
      name = whole.tensor;
    } else if (VIEW.test(source.target)) stale.add(whole.tensor);
  }
  for (const { target, args, outputs: given } of nodes.slice(0, at)) {
    const of = args.get('self');
    if (!isTensor(of) || !(written.has(of.tensor) || stale.has(of.tensor))) continue;
    for (const name of given.filter(n => n !== null && !written.has(n)) as string[]) {
      // an in-place operator returns the tensor itself
      if (isInPlace(target) && written.has(of.tensor)) written.set(name, written.get(of.tensor)!);
      else if (isInPlace(target) || VIEW.test(target)) stale.add(name);
    }
  }
  for (const [name, own] of written) wiring.set(name, { value: own });
  if ([...stale].some(name => read.has(name))) throw unsupportedOperator(`${node.target} on a tensor that is read afterwards`);
}

function namesIn(argument: unknown): string[] {
  return isTensor(argument as never) ? [(argument as { tensor: string }).tensor] : [];
}

/** The whole tensor after a part of it (select, slice) was replaced. */
function withPart(call: Call, value: string): string {
  const dim = call.axis('dim', 'self', 0);
  const isRow = call.node.target.startsWith('aten.select');
  const size = () => call.size(dim);
  const place = (n: number) => (n < 0 ? n + size() : n);
  const start = place(isRow ? call.number('index') : call.number('start', 0));
  const end = isRow ? start + 1 : place(Math.min(Number(call.arg('end') ?? END), END));
  if (!isRow && call.number('step', 1) !== 1) throw call.unsupported('with step, written into');
  const part = isRow ? call.step('Unsqueeze', [value, int([dim])]) : value;
  const whole = call.operand();
  const before = start > 0 ? [call.slice(whole, dim, [0, start, 1], 'before')] : [];
  const after = end < END ? [call.slice(whole, dim, [end, END, 1], 'after')] : [];
  return before.length + after.length === 0 ? part : call.step('Concat', [...before, part, ...after], { axis: dim });
}

/** A value broadcast to the sizes of the tensor it is written into. */
function spread(call: Call, name: string): Operand {
  const { node, wiring } = call;
  const given = call.arg(name);
  const sizes = wiring.sizes((node.args.get('self') as { tensor: string }).tensor);
  call.arg('self');
  return call.op('Expand', [typeof given === 'number' ? given : call.operand(name), wiring.sizesOperand(sizes)]);
}

export const WRITING: Rules = {
  fill: call => spread(call, 'value'),
  copy: call => spread(call, 'src'),
  zero: call => call.op('Mul', [call.operand(), 0]),
};
