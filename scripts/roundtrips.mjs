// 300 random networks of each framework, and 1,000 random ONNX nodes, through every conversion: npm run roundtrips
// Against ONNX Runtime too where it is installed (npm ci --prefix bench). The test suite runs a sample of the same.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const { status } = spawnSync(
  process.execPath,
  ['node_modules/jest/bin/jest.js', '--maxWorkers=1', '__tests__/engines/conversion', '__tests__/engines/randomNodes'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, ROUNDTRIPS: '300', RANDOM_NODES: '1000' },
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
