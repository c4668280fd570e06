export { biasMissing, biasOnceOfTwo, biasTwice, forgetBiasPlusOne } from './biases.js';
export { backwardNotFlipped, bidirectionalLastStep, bidirectionalMerge, bidirectionalOrder } from './directions.js';
export { activation, gruResetAfter, gruResetBefore, hardSigmoid, softmaxMissing, softmaxTwice } from './functions.js';
export { headEveryStep, headLast, headOnInput, poolLast, poolMax, poolMean, staleWeights } from './heads.js';
export { gateOrder, whTransposed, wxReshaped, wxTransposed } from './kernels.js';
export { maskHold, maskIgnored, maskZeros } from './masks.js';
export { bfloat16, float16, samplesPermuted } from './numbers.js';
export { inPlaceUpdate, stateCarry, stateCarryCellOnly } from './states.js';
export { axesSwapped, firstStep, startsLate, stopsEarly, timeReversed } from './time.js';
