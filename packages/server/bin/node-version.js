// Read by any Node that knows ES modules, so that an old one can still say what is wrong: nothing newer than 2019 here.

const OLDEST_MAJOR = 20;
const OLDEST_MINOR = 19;
const NEEDED = `Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer`;

/**
 * Why `version` (as `process.version` gives it) cannot run Jitney; `null` where it can.
 *
 * @param {string} version for example `v22.12.0`
 * @returns {string | null}
 */
export function refusal(version) {
  const found = /^v?(\d+)\.(\d+)\./.exec(version);
  if (found === null) {
    return `Jitney needs ${NEEDED}, and this one gives "${version}" as its version, which cannot be read. ${remedy()}`;
  }
  const major = Number(found[1]);
  const minor = Number(found[2]);
  if (major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR)) return null;
  return `Jitney needs ${NEEDED}; this is ${version}. ${remedy()}`;
}

function remedy() {
  return `Install one from https://nodejs.org or with a version manager (nvm install 22), then try again. Used here: ${process.execPath}`;
}

/** Ends the process with a message where this Node is too old. */
export function requireNode() {
  const reason = refusal(process.version);
  if (reason === null) return;
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
