import { type Argument, type ArrayArgument, type CallArguments, tensorsOf } from './arguments.js';
import { arrayConstant } from './operators/call.js';

export type Constant = ReturnType<typeof arrayConstant>;

/** Turns arrays among the arguments of a call into values of the network. @param add receives each array and the name of its value */
export function withConstants(
  name: string,
  { args, kwargs }: CallArguments,
  add: (name: string, constant: Constant) => void,
): CallArguments {
  let count = 0;
  const asValue = (argument: Argument): Argument => {
    const array = arrayAmong(argument);
    if (!array) return isListOfValues(argument) ? besideTensors(argument).map(asValue) : argument;
    count += 1;
    const constant = `${name}/constant${count === 1 ? '' : `_${count}`}`;
    const operand = arrayConstant(array);
    add(constant, operand);
    return { tensor: [constant, 0, 0], shape: operand.shape };
  };
  const named = Object.entries(kwargs).map(([key, argument]) => [key, asValue(argument)]);
  return { args: args.map(asValue), kwargs: Object.fromEntries(named) };
}

function arrayAmong(argument: Argument): ArrayArgument | undefined {
  return typeof argument === 'object' && argument !== null && 'array' in argument ? argument : undefined;
}

function isListOfValues(argument: Argument): argument is readonly Argument[] {
  return Array.isArray(argument) && (tensorsOf(argument).length > 0 || argument.some(arrayAmong));
}

/** Recognises arrays that Keras 2 writes among tensors as lists of numbers. */
function besideTensors(list: readonly Argument[]): readonly Argument[] {
  const isNumbers = (argument: Argument): boolean => typeof argument === 'number' || (Array.isArray(argument) && argument.every(isNumbers));
  return list.map(argument => (isNumbers(argument) ? { array: argument, dtype: 'float32' } : argument));
}
