import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';

/** CPUs this process may really use. */
export interface UsableCpus {
  /** Whole CPUs, at least 1. */
  readonly count: number;
  /** Where the number comes from, for the log. */
  readonly reason: string;
}

/** What the count depends on; the machine's own unless a test says otherwise. */
export interface CpuSources {
  /** CPUs in this process's affinity mask. */
  readonly affinity: number;
  /** The text of a file; `null` where there is none. */
  readonly read: (path: string) => string | null;
}

/**
 * The CPUs of the affinity mask, or of the control group's quota where that is less. Containers are given a quota,
 * which the number of CPUs that the system reports does not show.
 *
 * Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst (cpu.max), sched-bwc (cpu.cfs_quota_us).
 */
export function usableCpus(sources: CpuSources = ownSources()): UsableCpus {
  const { affinity } = sources;
  const quota = cpuQuota(sources);
  if (quota === null || quota.cpus >= affinity) {
    return { count: affinity, reason: `this process may use ${affinity} CPU${affinity === 1 ? '' : 's'}` };
  }
  return { count: Math.max(1, Math.floor(quota.cpus)), reason: `the control group allows ${quota.text} CPUs` };
}

function ownSources(): CpuSources {
  return {
    affinity: availableParallelism(),
    read(path) {
      try {
        return readFileSync(path, 'latin1');
      } catch {
        return null;
      }
    },
  };
}

interface Quota {
  readonly cpus: number;
  /** The number and its file. */
  readonly text: string;
}

/** The least quota of this process's control group and of those around it, version 1 and 2. */
function cpuQuota({ read }: CpuSources): Quota | null {
  const groups = read('/proc/self/cgroup');
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
  let least: Quota | null = null;
  for (const line of groups?.split('\n') ?? []) {
    const [hierarchy = '', controllers = '', ...path] = line.split(':');
    const isUnified = hierarchy === '0' && controllers === '';
    if (!isUnified && !controllers.split(',').includes('cpu')) continue;
    const mount = mounts.find((candidate) => candidate.isUnified === isUnified);
    if (mount === undefined) continue;
    for (const folder of foldersUp(mount, path.join(':'))) {
      const quota = isUnified ? unifiedQuota(folder, read) : legacyQuota(folder, read);
      if (quota !== null && (least === null || quota.cpus < least.cpus)) least = quota;
    }
  }
  return least;
}

interface Mount {
  readonly isUnified: boolean;
  /** The group that the mount shows as its top. */
  readonly root: string;
  readonly point: string;
}

/** Mounts of control groups that may hold CPU limits. Source: proc_pid_mountinfo(5). */
function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    const isUnified = type === 'cgroup2';
    if (!isUnified && !(type === 'cgroup' && options.split(',').includes('cpu'))) return [];
    return [{ isUnified, root, point }];
  });
}

/** The folder of the group and those above it, up to the mount. */
function foldersUp({ root, point }: Mount, path: string): string[] {
  const way = posix.relative(root, path);
  const folders = [point];
  // A group outside the mount's root is one that this process cannot see: it sees the top only.
  if (way === '' || way.startsWith('..')) return folders;
  for (const step of way.split('/')) folders.push(posix.join(folders.at(-1) as string, step));
  return folders;
}

type Read = CpuSources['read'];

/** `cpu.max`: microseconds of CPU time, or `max`, in each period. */
function unifiedQuota(folder: string, read: Read): Quota | null {
  const path = posix.join(folder, 'cpu.max');
  const [quota, period] = (read(path) ?? '').trim().split(' ').map(Number);
  return quotaOf(quota, period, path);
}

/** `cpu.cfs_quota_us`: microseconds, or -1 for no limit. */
function legacyQuota(folder: string, read: Read): Quota | null {
  const path = posix.join(folder, 'cpu.cfs_quota_us');
  const number = (file: string) => Number((read(file) ?? '').trim() || Number.NaN);
  return quotaOf(number(path), number(posix.join(folder, 'cpu.cfs_period_us')), path);
}

function quotaOf(quota: number | undefined, period: number | undefined, path: string): Quota | null {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return null;
  const cpus = quota / period;
  return { cpus, text: `${Number(cpus.toFixed(2))} (${path})` };
}
