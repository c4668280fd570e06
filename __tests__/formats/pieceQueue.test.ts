import fc from 'fast-check';
import { PieceQueue } from '../../src/formats/stream/pieceQueue.js';
import { cases } from '../helpers/effort.js';

describe('a queue of bytes', () => {
  it('gives out what came in, in order, whether pieces are copied or used where they lie', () => {
    const step = fc.record({ length: fc.nat(40), taken: fc.nat(60), headroom: fc.constantFrom(0, 8, 64) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const queue = new PieceQueue();
        const out: number[] = [];
        let next = 0;
        for (const { length, taken, headroom } of steps) {
          // what stands around a piece is not its own: the front may be written over, the end may not
          const buffer = new Uint8Array(headroom + length + 4).fill(255);
          const piece = buffer.subarray(headroom, headroom + length);
          for (let i = 0; i < length; i++) piece[i] = next++ % 251;
          queue.push(piece, headroom);
          expect([...buffer.subarray(headroom + length)]).toEqual([255, 255, 255, 255]);
          if (headroom === 0) piece.fill(254);
          out.push(...queue.take(Math.min(taken, queue.length)));
          expect(queue.peek()).toHaveLength(queue.length);
        }
        out.push(...queue.peek());
        expect(out).toEqual(Array.from({ length: next }, (_, i) => i % 251));
      }),
      { numRuns: cases(200) },
    );
  });
});
