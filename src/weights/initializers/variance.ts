import { fans, type Initializer, onKernels, truncatedNormal, uniformWithin } from './initializer.js';

/**
 * Variance scaling as Keras names it: variance 1/fan_in (LeCun 1998), 2/fan_in (He et al. 2015), 2/(fan_in + fan_out) (Glorot & Bengio
 * 2010); uniform with limit √(3·variance), or a normal truncated at two deviations.
 */
type Fans = { fanIn: number; fanOut: number };
const lecun = ({ fanIn }: Fans) => 1 / fanIn;
const he = ({ fanIn }: Fans) => 2 / fanIn;
const glorot = ({ fanIn, fanOut }: Fans) => 2 / (fanIn + fanOut);

export const glorotUniform = uniform('glorot_uniform', glorot);
export const glorotNormal = normal('glorot_normal', glorot);
export const heUniform = uniform('he_uniform', he);
export const heNormal = normal('he_normal', he);
export const lecunUniform = uniform('lecun_uniform', lecun);
export const lecunNormal = normal('lecun_normal', lecun);

function uniform(name: string, variance: (f: Fans) => number): Initializer {
  return onKernels(name, (shape, stream) => uniformWithin(shape, Math.sqrt(3 * variance(fans(shape))), stream));
}

function normal(name: string, variance: (f: Fans) => number): Initializer {
  return onKernels(name, (shape, stream) => truncatedNormal(shape, Math.sqrt(variance(fans(shape))), stream));
}
