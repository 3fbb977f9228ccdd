/**
 * The one of `known` that somebody who wrote `name` most likely meant, or `null` where nothing is near.
 * Case, `_` and `-` do not count; beyond that one slip in three letters is forgiven.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  const wanted = plain(name);
  let nearest: string | null = null;
  let nearestSlips = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const candidate of known) {
    const slips = countSlips(wanted, plain(candidate), nearestSlips);
    if (slips < nearestSlips) {
      nearest = candidate;
      nearestSlips = slips;
    }
  }
  return nearest;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/**
 * Letters to add, drop, change or swap with their neighbour until `a` is `b` (optimal string alignment distance);
 * `limit` where it would be that many or more.
 */
function countSlips(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let slips = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) slips = Math.min(slips, before[column - 2]! + 1);
      current.push(slips);
    }
    before = above;
    above = current;
  }
  return Math.min(above[b.length]!, limit);
}
