import { fusedKernel } from '../../../src/engines/batched/fusedKernel.js';
import { fusedPlain } from '../../../src/engines/batched/fusedPlain.js';
import type { Kernel } from '../../../src/engines/batched/kernel.js';
import { type Pool, poolOf, type Round } from '../../../src/engines/batched/pool.js';
import { sharing } from '../../../src/engines/batched/sharing.js';
import { compiledKernel } from '../../helpers/kernel.js';
import { argsFor, expectSameBits, KINDS } from '../../helpers/recurrences.js';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await compiledKernel();
});

/** A pool whose threads have started and always share a stream, and the rounds it ran. */
async function sharingPool(threads: number): Promise<{ pool: Pool; rounds: Round[] }> {
  const pool = poolOf(kernel, threads);
  while (pool.ready() < threads) await new Promise(resolve => setTimeout(resolve, 5));
  const rounds: Round[] = [];
  const run = (round: Round) => {
    rounds.push(round);
    pool.run(round);
  };
  return { rounds, pool: { ...pool, run, sharing: () => ({ run: (_steps, _alone, shared) => shared() }) } };
}

describe('one sample shared by threads', () => {
  it.each([2, 3, 4])('has the bits of plain TypeScript with %s threads, whatever the cell', async threads => {
    const { pool, rounds } = await sharingPool(threads);
    for (const kind of ['rnn', 'lstm', 'gru'] as const)
      for (const [M, T, D] of [
        [threads === 2 ? 190 : 263, 5, 7],
        [301, 4, 3],
      ])
        for (const more of [
          {},
          { states: true, reverse: true, sequence: false },
          { bias: 2 as const, mask: Uint8Array.from({ length: T }, (_, t) => (t === 1 ? 0 : 1)), zeroOutputForMask: true },
          { bias: 0 as const, mask: Uint8Array.from({ length: T }, (_, t) => (t === T - 1 ? 0 : 1)) },
        ]) {
          const args = argsFor(kind, { N: 1, T, D, M }, more);
          expectSameBits(fusedPlain(args, kind), fusedKernel(args, kind, kernel, pool));
        }
    expect(rounds.every(round => round.way === 'part')).toBe(true);
    expect(Math.max(...rounds.map(round => round.blocks.length))).toBe(threads);
  });

  it('stays with one thread where a step is too small, or would have to be met for twice', async () => {
    const { pool, rounds } = await sharingPool(2);
    const small = argsFor('lstm', { N: 1, T: 3, D: 4, M: 80 });
    expectSameBits(fusedPlain(small, 'lstm'), fusedKernel(small, 'lstm', kernel, pool));
    const twice = argsFor('gruBefore', { N: 1, T: 3, D: 4, M: 203 });
    expectSameBits(fusedPlain(twice, 'gruBefore'), fusedKernel(twice, 'gruBefore', kernel, pool));
    expect(rounds).toEqual([]);
  });

  it.each(KINDS)('%s: two samples are a block each', async kind => {
    const { pool, rounds } = await sharingPool(2);
    const args = argsFor(kind, { N: 2, T: 3, D: 4, M: 203 });
    expectSameBits(fusedPlain(args, kind), fusedKernel(args, kind, kernel, pool));
    expect(rounds.map(({ way, blocks }) => [way, blocks.length])).toEqual([['stream', 2]]);
  });
});

describe('the choice between one thread and several', () => {
  /** The ways of `turns` turns of 10 steps, with a clock that says what a turn of each costs. */
  function ways(turns: number, cost: (way: 'alone' | 'shared', turn: number) => number): string {
    let time = 0;
    let letters = '';
    const choice = sharing(() => time);
    for (let turn = 0; turn < turns; turn++) {
      const run = (way: 'alone' | 'shared') => () => {
        letters += way[0];
        time += cost(way, turn);
      };
      choice.run(10, run('alone'), run('shared'));
    }
    return letters;
  }

  it('tries the threads after eight turns, and stays with them where they are faster', () => {
    expect(ways(22, way => (way === 'alone' ? 5 : 4))).toBe(`a${'a'.repeat(8)}sss${'s'.repeat(8)}aa`);
  });

  it('goes back where they are slower, and asks half as often each time', () => {
    expect(ways(70, way => (way === 'alone' ? 5 : 6))).toBe(`a${'a'.repeat(8)}sss${'a'.repeat(16)}sss${'a'.repeat(32)}sss${'a'.repeat(4)}`);
  });

  it('takes the best turn of a trial: in the first a thread wakes up', () => {
    let tried = 0;
    expect(ways(14, way => (way === 'alone' ? 5 : [50, 4, 30][tried++ % 3]))).toBe(`a${'a'.repeat(8)}ssss${'s'}`);
  });
});
