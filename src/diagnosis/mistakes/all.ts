export { activationApproximated } from './approximations.js';
export { attention } from './attention.js';
export { samplesAveraged, unitForStep } from './axesOfH.js';
export { biasMissing, biasOnceOfTwo, biasTwice, forgetBiasPlusOne } from './biases.js';
export {
  biasOutside,
  clipped,
  gateMissing,
  gatesCoupled,
  gruResetOnInput,
  lastStepLinear,
  stateMixed,
  tanhOfGate,
} from './cellEquations.js';
export { weightDamaged } from './damaged.js';
export { backwardNotFlipped, bidirectionalLastStep, bidirectionalMerge, bidirectionalOrder } from './directions.js';
export { dropoutOn } from './dropout.js';
export { featureMissing, featuresPermuted } from './features.js';
export { activation, hardSigmoid, softmaxMissing, softmaxTwice } from './functions.js';
export { gateActivation, gateInverted, statesSwapped } from './gates.js';
export { gatesInterleaved, gatesSplitByRows, gateTermMissing, gruRecurrentBias, peepholes, woReshaped } from './gateTerms.js';
export { gruResetAfter, gruResetBefore, gruUpdateSwapped } from './gruGates.js';
export { headEveryStep, headLast, headOnInput } from './heads.js';
export { hiddenNormalised } from './hiddenNorms.js';
export { inputAdded } from './inputAdded.js';
export { inputScaledBy } from './inputScaledBy.js';
export { inputLagged, inputRepeated, inputStrided, inputZeroed, stepsRepeated } from './inputSteps.js';
export { inputIntegers, inputReshaped, inputScaled, paddingRow, tokensOff } from './inputs.js';
export { gateOrder, whTransposed, wxReshaped, wxTransposed } from './kernels.js';
export { layerLayout } from './layerLayout.js';
export { layerLeftOut } from './leftOut.js';
export { maskHold, maskIgnored, maskZeros } from './masks.js';
export { normalization } from './normalizations.js';
export { outputFunction } from './outputFunctions.js';
export { outputIntegers, outputLabels, outputRounded, outputZeros } from './outputLabels.js';
export { outputLayout } from './outputLayout.js';
export { outputNormalised } from './outputNorms.js';
export { outputReversed, outputsPermuted, samplesPermuted, samplesRepeated, samplesShifted, stepsShifted } from './outputOrder.js';
export { hiddenScaled, outputNegated, outputScaled, outputScaledEach } from './outputScaled.js';
export { inputPadded, lengthsPermuted, maskOneWay, paddingSide, paddingSkipped } from './paddingSteps.js';
export { poolLast, poolMax, poolMean, poolSum } from './pooling.js';
export { positionsAdded } from './positions.js';
export { bfloat16, float16 } from './precisionFaults.js';
export { logSoftmax, softmaxAxis, softmaxTemperature } from './softmaxes.js';
export { staleWeights } from './staleWeights.js';
export { stateRandom } from './stateRandom.js';
export { stateReset, whMissing } from './stateReset.js';
export { stateNotPassed, stateOnes, statePreviousCall, stateShared } from './stateStart.js';
export { inPlaceUpdate, stateCarry, stateCarryCellOnly } from './states.js';
export { activationAdded, directionMissing, lastRepeated, layerNormAdded, layerZeros, outputFedBack, residualAdded } from './structure.js';
export { cellStateTaken, headMissing, hnView, lowerLayer, stepEarly } from './tensorTaken.js';
export { axesSwapped, firstStep, startsLate, stopsEarly, timeReversed } from './time.js';
export { weightSwap, weightsRounded } from './weightSets.js';
export { weightsClipped, weightsNormalised, weightsPruned } from './weightValues.js';
export { convolution, poolWindow } from './windows.js';
