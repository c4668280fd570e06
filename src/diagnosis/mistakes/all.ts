export { biasMissing, biasOnceOfTwo, biasTwice, forgetBiasPlusOne } from './biases.js';
export { backwardNotFlipped, bidirectionalLastStep, bidirectionalMerge, bidirectionalOrder } from './directions.js';
export { activation, hardSigmoid, softmaxMissing, softmaxTwice } from './functions.js';
export { gruResetAfter, gruResetBefore, gruUpdateSwapped } from './gruGates.js';
export { headEveryStep, headLast, headOnInput } from './heads.js';
export { gateOrder, whTransposed, wxReshaped, wxTransposed } from './kernels.js';
export { maskHold, maskIgnored, maskZeros } from './masks.js';
export { bfloat16, float16 } from './numbers.js';
export {
  logSoftmax,
  outputFunction,
  outputIntegers,
  outputLabels,
  outputZeros,
  softmaxAxis,
  softmaxTemperature,
} from './outputFunctions.js';
export { outputLayout } from './outputLayout.js';
export { outputReversed, outputsPermuted, samplesPermuted, samplesRepeated, samplesShifted, stepsShifted } from './outputOrder.js';
export { hiddenScaled, outputNegated, outputScaled, outputScaledEach } from './outputScaled.js';
export { poolLast, poolMax, poolMean, poolSum } from './pooling.js';
export { staleWeights } from './staleWeights.js';
export { stateReset, whMissing } from './stateReset.js';
export { inPlaceUpdate, stateCarry, stateCarryCellOnly } from './states.js';
export { cellStateTaken, headMissing, hnView, lowerLayer, stepEarly } from './tensorTaken.js';
export { axesSwapped, firstStep, startsLate, stopsEarly, timeReversed } from './time.js';
