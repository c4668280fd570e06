import { createHash } from 'node:crypto';
import * as all from '../../src/random/all.js';
import { byName } from '../../src/registry.js';

/** sha256 over the first 16 uniforms and, from a fresh stream, the first 16 normals of the seeds 0 … 999, as little-endian float64. */
const PROMISED: Record<string, string> = {
  'numpy-legacy/v1': 'ca30dcfab6d859740c666dae9154abaa1a954d6a26f5ad08a5b5e29dd377c55d',
  'numpy-pcg64/v1': '26d8d55fb12cb2e3088e0d2990d5f0733877e967e27c4d01897f9c3301ce35bc',
  'python-random/v1': '760a2aedcffe4e59f3bf215bcac9a1e22d1a6926b427f5c30c91ce598b543d89',
  'seedrandom/v1': '37c04f395078518007e5ff49442be3850ecc3999f47458827acea9fd4e8276a6',
  'tensorflow-philox/v1': '8a2dab284089dd22f7692fec4dddb9ee0e95a25c41e1a389d78cbab98dc32858',
  'torch-cpu/v1': 'c3564f2a7d1718e56e221d4e15c17fbf28d98ecc8fff8924e3264ef4d552dfea',
};

const streamKinds = Object.values(all);

describe('the promise of a seed', () => {
  it.each(streamKinds.map(kind => [kind.promise, kind] as const))(
    '%s: the first values of 1,000 seeds are what they were',
    (promise, kind) => {
      const hash = createHash('sha256');
      const bytes = Buffer.alloc(32 * 8);
      for (let seed = 0; seed < 1000; seed++) {
        const forUniforms = kind.open(`${seed}`);
        const forNormals = kind.open(`${seed}`);
        for (let i = 0; i < 16; i++) bytes.writeDoubleLE(forUniforms.uniform(), i * 8);
        for (let i = 16; i < 32; i++) bytes.writeDoubleLE(forNormals.normal(), i * 8);
        hash.update(bytes);
      }
      expect(hash.digest('hex')).toBe(PROMISED[promise]);
    },
  );

  it('is given by every stream, each under its own name', () => {
    expect(streamKinds.map(kind => kind.promise).sort()).toEqual(Object.keys(PROMISED));
    expect(new Set(streamKinds.map(kind => kind.name)).size).toBe(streamKinds.length);
  });

  it('is looked up by name', () => {
    expect(byName('random stream', all, 'torch').promise).toBe('torch-cpu/v1');
    expect(() => byName('random stream', all, 'trch')).toThrow("unknown random stream 'trch'");
  });
});
