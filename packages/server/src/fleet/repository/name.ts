import { isModelName, JitneyError } from '@jitney/core';

/** Why a model may not be called `name`; `null` where it may. `path` is the folder or file the name was taken from. */
export function nameFault(name: string, path: string): JitneyError | null {
  if (isModelName(name)) return null;
  const rule =
    '1 to 128 letters, digits, ".", "_" or "-", the first a letter or a digit, so that it can stand in a URL';
  const suggestion = suggest(name);
  const fix = `rename it or set "name" in a model.json in its folder${suggestion === null ? '' : `, for example ${suggestion}`}`;
  return new JitneyError(
    'INVALID_CONFIG',
    `${path}: the model's name would be ${JSON.stringify(name.slice(0, 200))}; expected ${rule}. Fix: ${fix}.`,
  );
}

function suggest(name: string): string | null {
  const near = name
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/-+$/, '')
    .slice(0, 128);
  return isModelName(near) ? near : null;
}
