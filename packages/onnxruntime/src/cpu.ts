import { readFileSync } from 'node:fs';

/** `/proc/cpuinfo` flags of the instructions that multiply 8-bit integers without saturating in 16 bits. */
const EXACT_INT8 = /\b(avx512_vnni|avx_vnni|avx_vnni_int8|amx_int8)\b/;

/**
 * Whether quantised models need `session.x64quantprecision=1` to be right: on x64 without VNNI or AMX the products of
 * two 8-bit numbers saturate, which makes answers plainly wrong. The entry does nothing where the CPU has them, so it
 * is also set where the CPU cannot be asked (Windows, macOS).
 */
export function needsInt8Precision(arch: string = process.arch, cpuinfo: () => string = readCpuinfo): boolean {
  if (arch !== 'x64') return false;
  try {
    return !EXACT_INT8.test(cpuinfo());
  } catch {
    return true;
  }
}

function readCpuinfo(): string {
  return readFileSync('/proc/cpuinfo', 'latin1');
}
