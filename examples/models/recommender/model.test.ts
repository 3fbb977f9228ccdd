import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInReadme, type Example, expectGoldenTensors, openExample } from '../golden.js';
import model from './model.ts';

interface Answer {
  readonly known: boolean;
  readonly basis: string;
  readonly items: ReadonlyArray<{ readonly id: string; readonly title: string; readonly score: number }>;
  readonly text: string;
}

const FOLDER = new URL('./', import.meta.url);
let recommender: Example<Answer>;
beforeAll(async () => {
  recommender = await openExample(FOLDER, model);
});
afterAll(() => recommender.close());
const predict = async (input: unknown) => (await recommender.predict(input)) as Answer;
const ids = (answer: Answer) => answer.items.map(({ id }) => id);

describe('the README', () => {
  it('shows the real answer', async () => {
    expect(await predict(model.example)).toEqual(await answerInReadme(FOLDER));
  });
});

describe('requests with known outputs', () => {
  it('get, as tensors, the values that Python got, together and one by one', () => expectGoldenTensors(recommender));

  it('get the same films in the same order, with the same scores', async () => {
    for (const { name, input, answer } of recommender.golden.predict) {
      const found = await predict(input);
      expect(found.known, name).toBe(answer.known);
      expect(ids(found), name).toEqual(ids(answer));
      expect(
        found.items.map(({ title }) => title),
        name,
      ).toEqual(answer.items.map(({ title }) => title));
      for (const [i, { score }] of answer.items.entries()) {
        expect(Math.abs(found.items[i]!.score - score), name).toBeLessThanOrEqual(recommender.golden.tolerance);
      }
    }
  });
});

describe('a known user', () => {
  it('gets a ranking of their own', async () => {
    const [one, other] = [await predict({ user: 42 }), await predict({ user: 43 })];
    expect(one).toMatchObject({ known: true, basis: 'history' });
    expect(ids(one)).not.toEqual(ids(other));
    expect(one.text).toBe(`user 42 may like ${one.items[0]!.title}, going by what they watched`);
  });

  it('gets ten films, the best first, unless another number is asked for', async () => {
    const { items } = await predict({ user: 42 });
    expect(items).toHaveLength(10);
    expect(items).toEqual([...items].sort((a, b) => b.score - a.score));
    expect((await predict({ user: 42, top: 3 })).items).toEqual(items.slice(0, 3));
  });

  it('gets all films once when as many are asked for, with scores that sum to 1', async () => {
    const { items } = await predict({ user: 42, top: 1000 });
    expect(new Set(items.map(({ id }) => id)).size).toBe(160);
    expect(items.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 2);
  });
});

describe('candidates', () => {
  it('are ranked among themselves, each once, as they stand among all', async () => {
    const all = ids(await predict({ user: 7, top: 160 }));
    const wanted = ['f100', 'f001', 'f050', 'f100'];
    expect(ids(await predict({ user: 7, items: wanted }))).toEqual(all.filter((id) => wanted.includes(id)));
  });

  it('that are excluded do not come back', async () => {
    const [first, ...rest] = ids(await predict({ user: 7, top: 3 }));
    expect(ids(await predict({ user: 7, top: 2, exclude: [first] }))).toEqual(rest);
    expect((await predict({ user: 7, items: ['f001'], exclude: ['f001'] })).items).toEqual([]);
  });
});

describe('somebody the model does not know', () => {
  it('gets what most like, and is told so', async () => {
    const unknown = await predict({ user: 9999 });
    expect(unknown).toMatchObject({ known: false, basis: 'popularity' });
    expect(unknown.text).toMatch(/^user 9999, who is not known, may like The .*, as most do$/);
    expect((await predict({})).items).toEqual(unknown.items);
  });

  it('gets films of the genres they name, and is told so', async () => {
    const { films } = (await import('./catalogue.json', { with: { type: 'json' } })).default;
    const answer = await predict({ user: 9999, genres: ['horror'] });
    expect(answer).toMatchObject({ known: false, basis: 'genres' });
    const horror = answer.items.filter(({ id }) => films.find((film) => film.id === id)?.genres.includes('horror'));
    expect(horror.length).toBeGreaterThanOrEqual(8);
  });
});

describe('a request that does not fit', () => {
  it.each([
    ['a candidate is unknown', { user: 1, items: ['f001', 'f999'] }, /Unknown film 'f999': expected f001 to f160/],
    ['an excluded film is unknown', { user: 1, exclude: ['x'] }, /Unknown film 'x'/],
    ['there is no candidate', { user: 1, items: [] }, /items/],
    ['a genre is unknown', { user: 1, genres: ['noir'] }, /genres/],
    ['the user is no number', { user: 'ada' }, /user/],
    ['user 0, which stands for nobody inside the model', { user: 0 }, /user/],
    ['a field is misspelt', { usr: 1 }, /usr/],
    ['none are asked for', { user: 1, top: 0 }, /top/],
  ])('%s: the answer names it', async (_, input, message) => {
    await expect(predict(input)).rejects.toThrow(message);
  });
});
