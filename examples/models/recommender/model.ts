import { defineModel, InvalidInput } from 'jitney';
import * as z from 'zod';
import catalogue from './catalogue.json' with { type: 'json' };

const { films, genres, users } = catalogue;
const placeOf = new Map(films.map(({ id }, place) => [id, place]));

export default defineModel({
  model: './model.onnx',
  description: 'Ranks films for a user, or for somebody new.',

  input: z.strictObject({
    user: z.int().min(1).optional().describe(`Users 1 to ${users} are known`),
    genres: z.array(z.enum(genres)).default([]).describe('What the user likes, if told'),
    items: z.array(z.string()).min(1).optional().describe('Films to rank; all when left out'),
    exclude: z.array(z.string()).default([]).describe('Films to leave out, those seen already for example'),
    top: z.int().min(1).default(10),
  }),
  output: z.object({
    known: z.boolean(),
    basis: z.enum(['history', 'genres', 'popularity']).describe('What the ranking rests on'),
    items: z.array(z.object({ id: z.string(), title: z.string(), score: z.number() })),
    text: z.string(),
  }),
  example: { user: 42, top: 3 },

  preprocess(input) {
    for (const id of [...(input.items ?? []), ...input.exclude]) {
      if (!placeOf.has(id)) throw new InvalidInput(`Unknown film '${id}': expected f001 to f${films.length}`);
    }
    return {
      user: [isKnown(input.user) ? input.user : 0], // Row 0 is what the model learned about nobody in particular.
      genres: genres.map((genre) => Number(input.genres.includes(genre))),
    };
  },

  postprocess({ scores }, { input }) {
    const excluded = new Set(input.exclude);
    const items = [...new Set(input.items ?? placeOf.keys())]
      .filter((id) => !excluded.has(id))
      .map((id) => placeOf.get(id) as number)
      .map((place) => ({ ...films[place]!, score: Number(scores?.data[place]) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, input.top)
      .map(({ id, title, score }) => ({ id, title, score: Math.round(score * 1e5) / 1e5 }));
    const known = isKnown(input.user);
    const basis = known ? 'history' : input.genres.length > 0 ? 'genres' : 'popularity';
    return { known, basis, items, text: inWords(input.user, basis, items[0]?.title) };
  },
});

function isKnown(user: number | undefined): user is number {
  return user !== undefined && user <= users;
}

function inWords(user: number | undefined, basis: 'history' | 'genres' | 'popularity', first = 'nothing'): string {
  const who = user === undefined ? 'somebody new' : `user ${user}${basis === 'history' ? '' : ', who is not known,'}`;
  switch (basis) {
    case 'history':
      return `${who} may like ${first}, going by what they watched`;
    case 'genres':
      return `${who} may like ${first}, going by the genres alone`;
    case 'popularity':
      return `${who} may like ${first}, as most do`;
  }
}
