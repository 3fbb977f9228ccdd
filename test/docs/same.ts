/** Numbers may differ this much, relative to the larger: machines round differently. */
const TOLERANCE = 1e-3;
/** In an expected string: any text. As a whole string: any value. */
const ANY = '…';

/**
 * Where `actual` is not what a page shows, as a path with both values; `null` where it is.
 *
 * Every property must be there and no other. `"…"` stands for any value, and inside a string for any text.
 */
export function difference(expected: unknown, actual: unknown, path = '$'): string | null {
  if (expected === ANY) return actual === undefined ? `${path}: missing` : null;
  if (Array.isArray(expected) && Array.isArray(actual)) return differenceOfArrays(expected, actual, path);
  if (isRecord(expected) && isRecord(actual)) return differenceOfRecords(expected, actual, path);
  return isSame(expected, actual)
    ? null
    : `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`;
}

/** Whether text is what a page shows; `…` stands for any text, also over several lines. */
export function isSameText(expected: string, actual: string): boolean {
  const parts = expected
    .trim()
    .split(ANY)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*?')}$`).test(actual.trim());
}

function isSame(expected: unknown, actual: unknown): boolean {
  if (typeof expected === 'number' && typeof actual === 'number') {
    return Math.abs(expected - actual) <= TOLERANCE * Math.max(Math.abs(expected), Math.abs(actual));
  }
  if (typeof expected === 'string' && typeof actual === 'string') return isSameText(expected, actual);
  return expected === actual;
}

function differenceOfArrays(expected: readonly unknown[], actual: readonly unknown[], path: string): string | null {
  if (expected.length !== actual.length) return `${path}: expected ${expected.length} items, got ${actual.length}`;
  return first(expected.map((each, index) => difference(each, actual[index], `${path}[${index}]`)));
}

function differenceOfRecords(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  path: string,
): string | null {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return first(
    [...names].map((name) =>
      name in expected
        ? difference(expected[name], actual[name], `${path}.${name}`)
        : `${path}.${name}: not on the page, got ${JSON.stringify(actual[name])}`,
    ),
  );
}

function first(found: readonly (string | null)[]): string | null {
  return found.find((each) => each !== null) ?? null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
