import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { JitneyError } from '@jitney/core';

/** A configuration file once read. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly content: unknown;
}

/**
 * Reads a `.yaml`, `.yml` or `.json` file. The YAML parser is loaded only here: it costs 40 ms and 10 MB.
 *
 * @throws JitneyError `INVALID_CONFIG` that names file, line and cause.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const absolute = resolve(path);
  const parse = parserOf(absolute);
  const source = await readFile(absolute, 'utf8').catch((cause: unknown) => {
    throw unusable(absolute, 'cannot be read', cause);
  });
  try {
    return { path: absolute, content: await parse(source) };
  } catch (cause) {
    throw unusable(absolute, 'cannot be parsed', cause);
  }
}

function parserOf(path: string): (source: string) => unknown {
  switch (extname(path).toLowerCase()) {
    case '.json':
      return JSON.parse;
    case '.yaml':
    case '.yml':
      return parseYaml;
    default:
      throw new JitneyError('INVALID_CONFIG', `Configuration file ${path}: expected a name in .yaml, .yml or .json.`);
  }
}

async function parseYaml(source: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(source);
}

function unusable(path: string, what: string, cause: unknown): JitneyError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JitneyError('INVALID_CONFIG', `Configuration file ${path} ${what}: ${reason}`, { cause });
}
