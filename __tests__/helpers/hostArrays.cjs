// Jest runs tests in a context with typed arrays of its own; a native addon returns the host's, and checks for them with instanceof.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class HostArrays extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    const { Float32Array, Float64Array, BigInt64Array, Int32Array, Uint8Array, ArrayBuffer } = globalThis;
    Object.assign(this.global, { Float32Array, Float64Array, BigInt64Array, Int32Array, Uint8Array, ArrayBuffer });
  }
};
