import pc from 'picocolors';
import type { LoadedModel } from '../wire/messages.js';

/** Colours for standard error, where people read; NO_COLOR and FORCE_COLOR are honoured. */
export const paint = pc.createColors(
  !process.env.NO_COLOR && (Boolean(process.env.FORCE_COLOR) || process.stderr.isTTY === true),
);

/** Where nobody sees colours: the log. */
export const plain = pc.createColors(false);

/** A model in a line: name, what it does, how it was loaded. */
export function describeModel(model: LoadedModel, colours: typeof paint): string {
  const name = colours.bold(`${model.name}@${model.version}`);
  const facts = [`${Math.round(model.loadMs)} ms`, megabytes(model.memory.hostBytes), batchingOf(model)];
  const description = model.description === '' ? '' : ` ${shorten(model.description, 60)}`;
  return `${name}${description} ${colours.dim(`(${facts.join(', ')})`)}`;
}

function batchingOf({ batching }: LoadedModel): string {
  if (batching.mode === 'whole') return batching.maxRows === 1 ? 'one row a run' : 'unbatched';
  return `batches up to ${batching.maxRows} rows${batching.sensitive ? ', batch-sensitive' : ''}`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB`;
}

export function shorten(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
