import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

/** A change that a test ends. */
function held(name: string, log: string[]) {
  let end: (how: 'well' | 'badly') => void = () => {};
  const change = () =>
    new Promise<string>((resolve, reject) => {
      log.push(`${name} begins`);
      end = (how) => (how === 'well' ? resolve(name) : reject(new Error(name)));
    });
  return { change, end: (how: 'well' | 'badly') => end(how) };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('changes of one thing', () => {
  it('follow one another, also after one that failed', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const [first, second] = [held('first', log), held('second', log)];
    const firstDone = turns.take('host', first.change);
    const secondDone = turns.take('host', second.change);
    await soon();
    expect(log).toEqual(['first begins']);
    first.end('badly');
    await expect(firstDone).rejects.toThrow('first');
    await soon();
    expect(log).toEqual(['first begins', 'second begins']);
    second.end('well');
    expect(await secondDone).toBe('second');
  });
});

describe('changes of different things', () => {
  it('go on side by side', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const [one, other] = [held('one', log), held('other', log)];
    const done = [turns.take('host', one.change), turns.take('another', other.change)];
    await soon();
    expect(log).toEqual(['one begins', 'other begins']);
    one.end('well');
    other.end('well');
    expect(await Promise.all(done)).toEqual(['one', 'other']);
  });
});
