/** The middle of the values; of an even number, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `median (smallest–largest) unit`, or the one value there is. */
export function spread(values: readonly number[], format: (value: number) => string, unit = ''): string {
  const range = values.length === 1 ? '' : ` (${format(Math.min(...values))}–${format(Math.max(...values))})`;
  return `${format(median(values))}${range}${unit === '' ? '' : ` ${unit}`}`;
}

/** Three significant digits, and no fewer than the whole part has: `0.124`, `12.4`, `12,400`. */
export function digits(value: number): string {
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Millions of bytes. */
export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
