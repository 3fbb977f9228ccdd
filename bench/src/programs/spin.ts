/*
 * Other work on the machine: keeps one core busy until it is ended, or its standard input is. Prints one line when it
 * begins.
 */
const SLICE_MS = 5;

function spin(): void {
  const endMs = performance.now() + SLICE_MS;
  while (performance.now() < endMs);
  setImmediate(spin);
}

process.stdin.on('end', () => process.exit()).resume();
process.stdout.write('true\n', spin);
