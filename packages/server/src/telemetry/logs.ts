import { createRequire } from 'node:module';
import { pino } from 'pino';
import { redact } from './redact.js';
import { openStderr } from './stderr.js';

/**
 * A process's log: `log.info({ requestId, model, version }, 'what happened')`. Errors go into the field `err`, with
 * their causes. `log.child({ model })` adds fields to each line.
 */
export type Log = pino.Logger;

/** Which lines are written, and for whom. */
export interface LogStyle {
  /** Least severe level that is written: `trace`, `debug`, `info`, `warn`, `error`, `fatal`; `silent` for nothing. */
  readonly level: string;
  readonly format: 'pretty' | 'json';
}

export interface LogOptions extends LogStyle {
  /** Which process writes: `gateway 1`, `host fraud@1`. */
  readonly name: string;
  /** Where lines go instead of stderr. */
  readonly destination?: { write(line: string): void };
}

/**
 * Creates a process's log. Lines go to stderr, which children inherit, so each process writes its own.
 *
 * - `json`: one object a line: level, time (ISO 8601), name, the fields, msg.
 * - `pretty`: for people; coloured on a terminal unless NO_COLOR is set.
 *
 * Nothing waits for the reader of stderr and nothing is lost at exit, within the bounds of {@link openStderr}. Values of
 * fields that hold keys are never written (redact.ts).
 */
export function createLog({ level, format, name, destination }: LogOptions): Log {
  const render = format === 'pretty' ? createPrettyPrinter() : (line: string) => line;
  const target = destination ?? openStderr((lines) => render(lossLine(name, lines)));
  const sink = { write: (line: string) => target.write(render(line)) };
  const log = pino(
    {
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redact },
    },
    sink,
  );
  return redactChildren(log);
}

/** pino calls no formatter for the fields a child adds to each line. Children of children inherit this. */
function redactChildren(log: Log): Log {
  const createChild = log.child;
  const createRedactedChild: Log['child'] = function child(this: Log, fields, options) {
    return Reflect.apply(createChild, this, [redact(fields), options]);
  };
  return Object.assign(log, { child: createRedactedChild });
}

function lossLine(name: string, lines: number): string {
  const msg = `${lines} log lines were lost: nobody read stderr`;
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), name, lostLines: lines, msg })}\n`;
}

/** Loaded only here: 2 MB and 17 ms that a server without a terminal does not pay. */
function createPrettyPrinter(): (line: string) => string {
  const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');
  const print = prettyFactory({
    colorize: wantsColour(process.env, process.stderr.isTTY),
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
  });
  return (line) => print(withoutControls(line));
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over the terminal. */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0') return true;
  return isTerminal;
}

/**
 * What a client sends may stand in a line; on a terminal its control characters would be obeyed. JSON escapes the low
 * ones (the backslash before them may itself be escaped), the high ones it leaves.
 */
function withoutControls(line: string): string {
  return line
    .replaceAll(/(\\\\)|\\u00[01][0-9a-f]/gi, (_, backslash: string | undefined) => backslash ?? '·')
    .replaceAll(/[\u007f-\u009f]/g, '·');
}
