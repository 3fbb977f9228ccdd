/**
 * What a model may be called: 1 to 128 letters, digits, `.`, `_` and `-`, the first a letter or a digit.
 * Such a name stands in a URL, a metric label, a process title and a file name as it is.
 */
export const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}
