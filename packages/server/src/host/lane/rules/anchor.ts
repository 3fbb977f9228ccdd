import type { Moment } from '@jitney/core';
import type { PriorityClass, QueueView } from '../request-queue.js';
import type { Seat, Waiting } from '../ticket.js';
import { hasExpired } from './lateness.js';
import { dueAtMs } from './urgency.js';

/** The first of the rows to be run again. Those before it whose deadline has passed are put into `expired`. */
export function firstAgain<T extends Waiting>({ again }: QueueView<T>, now: Moment, expired: T[]): Seat<T> | null {
  for (let node = again.first; node !== null; node = node.next) {
    if (!hasExpired(node.item.ticket, now)) return node.item;
    expired.push(node.item.ticket);
  }
  return null;
}

/**
 * The most urgent of all heads of the classes: the one that should be answered first. Heads whose deadline has passed
 * are put into `expired`.
 */
export function mostUrgent<T extends Waiting>({ classes }: QueueView<T>, now: Moment, expired: T[]): T | null {
  let anchor: T | null = null;
  let anchorDueAtMs = Number.POSITIVE_INFINITY;
  for (const each of classes) {
    const head = headOf(each, now, expired);
    if (head === null) continue;
    const headDueAtMs = dueAtMs(head, each.timeMs);
    // The more urgent class wins a tie.
    if (anchor !== null && headDueAtMs >= anchorDueAtMs) continue;
    anchor = head;
    anchorDueAtMs = headDueAtMs;
  }
  return anchor;
}

function headOf<T extends Waiting>({ waiting }: PriorityClass<T>, now: Moment, expired: T[]): T | null {
  for (let node = waiting.first; node !== null; node = node.next) {
    if (!hasExpired(node.item, now)) return node.item;
    expired.push(node.item);
  }
  return null;
}
