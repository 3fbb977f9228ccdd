import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventHeap } from './event-heap.js';

describe('events of virtual time', () => {
  it('come by their moments, and in the order they were added where these are equal; cancelled ones do not', () => {
    const added = fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 9 }), isCancelled: fc.boolean() }));
    fc.assert(
      fc.property(added, (given) => {
        const heap = new EventHeap();
        given.forEach(({ atMs, isCancelled }) => {
          heap.add(atMs, () => {}).isCancelled = isCancelled;
        });
        const taken: number[] = [];
        for (let event = heap.take(); event !== null; event = heap.take()) taken.push(event.order);
        const expected = given.map(({ atMs, isCancelled }, order) => ({ atMs, isCancelled, order }));
        expect(taken).toEqual(
          expected
            .filter(({ isCancelled }) => !isCancelled)
            .sort((a, b) => a.atMs - b.atMs || a.order - b.order)
            .map(({ order }) => order),
        );
      }),
    );
  });
});
