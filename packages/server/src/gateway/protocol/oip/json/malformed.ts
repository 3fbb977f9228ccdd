import { JitneyError } from '@jitney/core';

/** Containers a request may nest: 100 inside a tensor's `data`, as Triton allows, and the three around it. */
export const MAX_DEPTH = 103;

/** Most bytes of one number. Longer ones are refused, so that none takes long to read. */
export const MAX_NUMBER_BYTES = 4096;

/** Text that is not JSON. `offset` counts bytes from the start of the JSON part. */
export function malformed(what: string, offset: number): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', `failed to parse the request JSON buffer: ${what} at ${offset}`);
}

export function tooDeep(offset: number): JitneyError {
  return malformed('the JSON nesting depth exceeds the maximum allowed limit of 100', offset);
}

export function numberTooLong(offset: number): JitneyError {
  return malformed(`a number of more than ${MAX_NUMBER_BYTES} bytes`, offset);
}

/** How a byte is named in messages. */
export function describeByte(byte: number): string {
  if (byte > 0x20 && byte < 0x7f) return `'${String.fromCharCode(byte)}'`;
  return `byte 0x${byte.toString(16).padStart(2, '0')}`;
}
