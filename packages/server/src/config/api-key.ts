import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Source } from './config.js';
import { describeSource } from './config.js';

/** The variable that holds the key itself. */
const API_KEY_VARIABLE = 'JITNEY_API_KEY';

/**
 * SHA-256 of the key that clients must send, in hex; `null` where none is asked for. A file given by flag wins over the
 * variable, the variable over a file given any other way.
 *
 * @param refuse takes each complaint; none holds the key
 */
export function readApiKey(
  file: string | null,
  fileSource: Source,
  env: Readonly<Record<string, string | undefined>>,
  refuse: (complaint: string) => void,
): string | null {
  const variable = env[API_KEY_VARIABLE];
  if (variable !== undefined && fileSource.from !== 'flag') {
    return hashed(variable, `environment variable ${API_KEY_VARIABLE}`, refuse);
  }
  if (file === null) return null;
  const origin = `server.apiKeyFile (${describeSource(fileSource)}) is ${file}`;
  try {
    return hashed(readFileSync(file, 'utf8').trim(), origin, refuse);
  } catch (error) {
    refuse(`${origin}, which cannot be read: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

function hashed(key: string, origin: string, refuse: (complaint: string) => void): string | null {
  if (/^[\x21-\x7e]+$/.test(key)) return createHash('sha256').update(key).digest('hex');
  const found = key === '' ? 'is empty' : 'has a space or a character that no header can carry';
  refuse(`${origin}: the key ${found}; expected one word of visible ASCII characters.`);
  return null;
}
