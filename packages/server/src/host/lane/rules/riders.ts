import { invariant } from '@jitney/core';
import type { ListNode } from '../linked-list.js';
import type { QueueView } from '../request-queue.js';
import type { Seat, Waiting } from '../ticket.js';
import { type Foresight, hasExpired, isHopeless } from './lateness.js';
import type { RowBound } from './row-bound.js';
import type { RunCost } from './run-cost.js';
import { dueAtMs } from './urgency.js';

/** Who rides in a run. */
export interface Riders<T extends Waiting> {
  readonly seats: readonly Seat<T>[];
  readonly rows: number;
  /** Whether somebody of the kind stays behind for want of room. */
  readonly isFull: boolean;
}

/**
 * The anchor, and whoever may ride with it: of its kind, those that should be answered first, each class in its order.
 * Nobody is passed over by a later one of its kind and class, though that one would fit. An entry of more rows than a run
 * may have in any case is taken in parts that fill what room is left.
 *
 * @param hopeless Those met on the way who would be late even if they ran now are put into it, and take no seat.
 */
export function ridersWith<T extends Waiting>(
  anchor: T,
  queue: QueueView<T>,
  bound: RowBound,
  { cost, foresight, hopeless }: { readonly cost: RunCost; readonly foresight: Foresight; readonly hopeless: T[] },
): Riders<T> {
  const first = seatIn(bound.hardRows, anchor, bound.hardRows) as Seat<T>;
  const seats = [first];
  let rows = first.rows;
  if (anchor.entry.alone || bound.by === 'alone') return { seats, rows, isFull: true };
  const lines = linesOf(anchor.entry.compatibility as string, queue);
  for (;;) {
    const line = nextLine(lines);
    if (line === null) return { seats, rows, isFull: false };
    const { item } = line.node as ListNode<T>;
    line.node = (line.node as ListNode<T>).next;
    if (item === anchor || hasExpired(item, foresight.now)) continue;
    if (isHopeless(item, cost, foresight)) {
      hopeless.push(item);
      continue;
    }
    const seat = item.entry.alone ? null : seatIn(bound.rows - rows, item, bound.hardRows);
    if (seat === null) return { seats, rows, isFull: true };
    seats.push(seat);
    rows += seat.rows;
  }
}

/** Those of one kind and class, read from the front. */
interface Line<T extends Waiting> {
  node: ListNode<T> | null;
  readonly timeMs: number;
}

function linesOf<T extends Waiting>(kind: string, { classes }: QueueView<T>): Line<T>[] {
  const lines: Line<T>[] = [];
  for (const { waiting, kinds, timeMs } of classes) {
    if (waiting.first === null) continue;
    const node = kinds.get(kind)?.first ?? null;
    if (node !== null) lines.push({ node, timeMs });
  }
  return lines;
}

function nextLine<T extends Waiting>(lines: readonly Line<T>[]): Line<T> | null {
  let first: Line<T> | null = null;
  let firstDueAtMs = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    if (line.node === null) continue;
    if (lines.length === 1) return line;
    const lineDueAtMs = dueAtMs(line.node.item, line.timeMs);
    if (first !== null && lineDueAtMs >= firstDueAtMs) continue;
    first = line;
    firstDueAtMs = lineDueAtMs;
  }
  return first;
}

/** `null`: it waits for a run with room for all of it. */
function seatIn<T extends Waiting>(room: number, ticket: T, hardRows: number): Seat<T> | null {
  const { entry, nextRow } = ticket;
  const left = entry.rows - nextRow;
  if (left <= room) return { ticket, fromRow: nextRow, rows: left };
  const isSplit = nextRow > 0 || entry.rows > hardRows;
  if (!isSplit || room <= 0) return null;
  if (!Number.isInteger(room)) invariant(false, `entry ${entry.id} was to be split at row ${nextRow + room}`);
  return { ticket, fromRow: nextRow, rows: room };
}
