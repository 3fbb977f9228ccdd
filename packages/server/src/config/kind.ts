/** What values a setting takes, and how they are written in flags, variables and files. */
export interface Kind<T> {
  /** Completes the sentence "expected …". */
  readonly expected: string;
  /** Placeholder for `--help`, for example `BYTES`; `null` for switches, which take no value. */
  readonly hint: string | null;
  /** JSON Schema, for editors that check a configuration file. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The value, from text (flags, variables) or from what YAML and JSON give; `undefined` where it is none. */
  parse(raw: unknown): T | undefined;
  /** The value as a person would write it: `64MiB`, not 67108864. What it gives, `parse` takes. */
  write?(value: T): string;
}

/** A whole number within bounds, both included. */
export function integer(min: number, max: number): Kind<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    hint: 'N',
    schema: { type: 'integer', minimum: min, maximum: max },
    parse: (raw) => within(min, max, typeof raw === 'string' ? decimal(raw) : raw),
  };
}

const TIME_UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const SIZE_UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const DAY_MS = 86_400_000;

/** Milliseconds, or text with a unit: `250`, `250ms`, `30s`, `5m`, `1h`. At most a day, which timers can hold. */
export function milliseconds(min: number): Kind<number> {
  return quantity(
    `milliseconds, or a time such as 30s; at least ${withUnit(min, TIME_UNITS)}`,
    'TIME',
    min,
    DAY_MS,
    TIME_UNITS,
  );
}

/** Bytes, or text with a unit: `65536`, `64KiB`, `64MiB`, `2GiB`. */
export function bytes(min: number, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  return quantity(
    `bytes, or a size such as 64MiB; at least ${withUnit(min, SIZE_UNITS)}`,
    'SIZE',
    min,
    max,
    SIZE_UNITS,
  );
}

function quantity(
  expected: string,
  hint: string,
  min: number,
  max: number,
  units: Readonly<Record<string, number>>,
): Kind<number> {
  return {
    expected,
    hint,
    schema: { anyOf: [{ type: 'integer', minimum: min, maximum: max }, { type: 'string' }] },
    parse: (raw) => within(min, max, typeof raw === 'string' ? measured(raw, units) : raw),
    write: (value) => withUnit(value, units),
  };
}

/** Text that is not empty. */
export function text(expected: string, hint: string): Kind<string> {
  return {
    expected,
    hint,
    schema: { type: 'string', minLength: 1 },
    parse: (raw) => (typeof raw === 'string' && raw.trim() !== '' ? raw.trim() : undefined),
  };
}

/** A kind whose default is that nothing is set. */
export function optional<T>(kind: Kind<T>): Kind<T | null> {
  return {
    ...kind,
    schema: { anyOf: [kind.schema, { type: 'null' }] },
    parse: (raw) => (raw === null ? null : kind.parse(raw)),
  };
}

export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  return {
    expected: `one of ${values.join(', ')}`,
    hint: values.join('|'),
    schema: { enum: values },
    parse: (raw) => values.find((value) => value === raw),
  };
}

/** On or off. */
export function toggle(): Kind<boolean> {
  return {
    expected: 'true or false',
    hint: null,
    schema: { type: 'boolean' },
    parse: (raw) =>
      raw === true || raw === 'true' || raw === '1'
        ? true
        : raw === false || raw === 'false' || raw === '0'
          ? false
          : undefined,
  };
}

/** Several texts: a list in files, separated by commas in flags and variables. */
export function list(item: Kind<string>): Kind<readonly string[]> {
  return {
    expected: `a list, each ${item.expected}`,
    hint: `${item.hint},…`,
    schema: { type: 'array', items: item.schema },
    parse: (raw) => allParsed(item, typeof raw === 'string' ? raw.split(',') : raw),
  };
}

function allParsed(item: Kind<string>, raw: unknown): readonly string[] | undefined {
  if (!Array.isArray(raw)) return undefined;
  const values = raw.map((each) => item.parse(each));
  return values.every((value) => value !== undefined) ? values : undefined;
}

function within(min: number, max: number, value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function decimal(written: string): number | undefined {
  return /^\d+$/.test(written) ? Number(written) : undefined;
}

function measured(written: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(written.trim());
  if (match?.[1] === undefined) return undefined;
  const unit = match[2] === '' ? 1 : units[match[2] ?? ''];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}

/** In the largest unit that leaves a whole number. */
function withUnit(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, size]) => value >= size && value % size === 0);
  const [unit, size] = fitting.at(-1) ?? ['', 1];
  return `${value / size}${unit}`;
}
