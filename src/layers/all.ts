export { activation } from './activation.js';
export { additiveattention, attention } from './attention/attention.js';
export { multiheadattention } from './attention/multiHead.js';
export { conv1d, conv2d, conv3d } from './conv/conv.js';
export { depthwise1d, depthwise2d, separable1d, separable2d } from './conv/separable.js';
export { convtranspose1d, convtranspose2d, convtranspose3d } from './conv/transposed.js';
export { convlstm1d, convlstm2d, convlstm3d } from './convLstm/convLstm.js';
export { dense } from './dense.js';
export { dot } from './dot.js';
export { dropout } from './dropout.js';
export { einsumdense } from './einsum/einsumdense.js';
export { embedding } from './embedding.js';
export { flatten } from './flatten.js';
export { hashing } from './hashing/hashing.js';
export { masking } from './masking.js';
export { add, average, concatenate, maximum, minimum, multiplied as multiply, subtract } from './merging.js';
export { bidirectional } from './nested/bothWays.js';
export { spectralnorm } from './nested/spectral.js';
export { stackedrnn } from './nested/stacked.js';
export { allsteps, eachstep } from './nested/steps.js';
export { timedistributed } from './nested/timeDistributed.js';
export { batchnorm } from './normalise/batchnorm.js';
export { normalization, rescaling } from './normalise/fixed.js';
export { groupnorm } from './normalise/groupnorm.js';
export { layernorm, rmsnorm, unitnorm } from './normalise/layernorm.js';
export { operator as op } from './operator.js';
export { avgpool, globalavgpool2d, globalavgpool3d, globalmaxpool2d, globalmaxpool3d, last, maxpool } from './pooling.js';
export { prelu } from './prelu.js';
export { repeat } from './repeat.js';
export { centercrop, crop1d, crop2d, crop3d, zeropad1d, zeropad2d, zeropad3d } from './reshaping/borders.js';
export { permute, reshape } from './reshaping/reshape.js';
export { resize } from './reshaping/resize.js';
export { upsample1d, upsample2d, upsample3d } from './reshaping/upsample.js';
export { spectrogram } from './spectrogram.js';
export { text } from './text.js';
export { unembedding } from './unembedding.js';
export {
  adaptiveavgpool1d,
  adaptiveavgpool2d,
  adaptiveavgpool3d,
  adaptivemaxpool1d,
  adaptivemaxpool2d,
  adaptivemaxpool3d,
} from './window/adaptive.js';
export { avgpool1d, avgpool2d, avgpool3d, maxpool1d, maxpool2d, maxpool3d } from './window/pool.js';
