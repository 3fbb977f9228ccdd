import { JitneyError, joinRows, sliceRows, type Tensor } from '@jitney/core';
import type { PartAnswer, Seat, Waiting } from './ticket.js';

type Seats = readonly Seat<Waiting>[];

/**
 * The inputs of a run: rows of all seats one after the other, in the order of the seats, `shared` inputs once. An entry
 * that runs by itself in full is not copied. All entries have their inputs in the same order (their kind says so).
 */
export function joinInputs(seats: Seats, shared: readonly string[]): readonly Tensor[] {
  const first = seats[0] as Seat<Waiting>;
  const { tensors } = first.ticket.entry;
  if (isWholeEntry(seats)) return tensors;
  return tensors.map((tensor, input) => {
    if (shared.includes(tensor.name)) return tensor;
    return joinRows(seats.map((seat) => inputOf(seat, input)));
  });
}

function inputOf({ ticket, fromRow, rows }: Seat<Waiting>, input: number): Tensor {
  const tensor = ticket.entry.tensors[input] as Tensor;
  return rows === ticket.entry.rows ? tensor : sliceRows(tensor, fromRow, fromRow + rows);
}

/** One seat that holds its entry in full: what the model answers is the entry's answer, whatever its shape. */
function isWholeEntry(seats: Seats): boolean {
  const [first] = seats;
  return seats.length === 1 && first?.rows === first?.ticket.entry.rows;
}

/** Why the outputs of a run cannot be given to its seats row by row, or `null`. */
export function splitProblem(outputs: readonly Tensor[], seats: Seats, rows: number): JitneyError | null {
  if (isWholeEntry(seats)) return null;
  const wrong = outputs.find((tensor) => tensor.shape[0] !== rows);
  if (wrong === undefined) return null;
  return new JitneyError(
    'MODEL_ERROR',
    `output '${wrong.name}' has the shape [${wrong.shape}] where a run of ${rows} rows needs ${rows} as its first ` +
      'dimension: this model cannot share runs. Set batching.enabled to false for it.',
  );
}

/** Who gets what of a run's outputs. */
export interface Share {
  /** First row of the run that is the seat's. */
  readonly fromRow: number;
  readonly rows: number;
  /** Outputs the entry wants, in its order; `null` for all, in the model's. */
  readonly wanted: readonly string[] | null;
}

/**
 * A seat's share of the outputs of a run, as views without a copy.
 * @throws JitneyError `MODEL_ERROR` when the run gave no output of a wanted name.
 */
export function shareOf(outputs: readonly Tensor[], runRows: number, { fromRow, rows, wanted }: Share): Tensor[] {
  const own = wanted === null ? outputs : wanted.map((name) => named(outputs, name));
  if (rows === runRows) return own as Tensor[];
  return own.map((tensor) => sliceRows(tensor, fromRow, fromRow + rows));
}

function named(outputs: readonly Tensor[], name: string): Tensor {
  const output = outputs.find((tensor) => tensor.name === name);
  if (output !== undefined) return output;
  throw new JitneyError('MODEL_ERROR', `the run gave no output '${name}'`);
}

/**
 * The answer of an entry that was split, from the answers of its parts.
 * @throws JitneyError `MODEL_ERROR` when an output has another shape in one part than in another.
 */
export function joinAnswers(parts: readonly PartAnswer[]): Tensor[] {
  const inOrder = parts.toSorted((a, b) => a.fromRow - b.fromRow);
  const first = inOrder[0] as PartAnswer;
  return first.outputs.map((output, index) => {
    const pieces = inOrder.map((part) => part.outputs[index] as Tensor);
    const other = pieces.find((piece) => !isAlike(piece, output));
    if (other === undefined) return joinRows(pieces);
    throw new JitneyError(
      'MODEL_ERROR',
      `output '${output.name}' has the shape [${output.shape}] for some rows of the request and [${other.shape}] for ` +
        'others, so the parts it was run in cannot be joined. Send fewer rows at a time.',
    );
  });
}

function isAlike(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && a.shape.slice(1).join() === b.shape.slice(1).join();
}
