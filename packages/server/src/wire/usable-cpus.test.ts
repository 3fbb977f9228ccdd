import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { usableCpus } from './usable-cpus.js';

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
const V1_MOUNT = '34 29 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct';

function cpus(affinity: number, files: Readonly<Record<string, string>>) {
  return usableCpus({ affinity, read: (path) => files[path] ?? null });
}

describe('a process without a quota', () => {
  it('may use the CPUs of its affinity mask', () => {
    expect(cpus(4, {})).toEqual({ count: 4, reason: 'this process may use 4 CPUs' });
    expect(cpus(1, {})).toEqual({ count: 1, reason: 'this process may use 1 CPU' });
  });

  it('is not limited by "max", nor by -1', () => {
    expect(
      cpus(4, {
        '/proc/self/cgroup': '0::/\n',
        '/proc/self/mountinfo': V2_MOUNT,
        '/sys/fs/cgroup/cpu.max': 'max 100000\n',
      }).count,
    ).toBe(4);
    expect(
      cpus(4, {
        '/proc/self/cgroup': '4:cpu,cpuacct:/\n',
        '/proc/self/mountinfo': V1_MOUNT,
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      }).count,
    ).toBe(4);
  });
});

describe('a process in a control group of version 2', () => {
  const inGroup = (files: Readonly<Record<string, string>>) =>
    cpus(28, { '/proc/self/cgroup': '0::/pods/pod1/app\n', '/proc/self/mountinfo': V2_MOUNT, ...files });

  it('may use what cpu.max gives', () => {
    expect(inGroup({ '/sys/fs/cgroup/pods/pod1/app/cpu.max': '200000 100000\n' })).toEqual({
      count: 2,
      reason: 'the control group allows 2 (/sys/fs/cgroup/pods/pod1/app/cpu.max) CPUs',
    });
  });

  it('is limited by the groups around it too', () => {
    const files = {
      '/sys/fs/cgroup/pods/pod1/app/cpu.max': '800000 100000',
      '/sys/fs/cgroup/pods/cpu.max': '300000 100000',
    };
    expect(inGroup(files).count).toBe(3);
  });

  it.each([
    ['50000 100000', 1],
    ['150000 100000', 1],
    ['250000 100000', 2],
  ])('of %s has %i whole', (quota, count) => {
    expect(inGroup({ '/sys/fs/cgroup/pods/cpu.max': quota }).count).toBe(count);
  });

  it('sees its own group as the top inside a container', () => {
    const container = {
      '/proc/self/cgroup': '0::/docker/abc\n',
      '/proc/self/mountinfo': V2_MOUNT.replace(' / /sys', ' /docker/abc /sys'),
      '/sys/fs/cgroup/cpu.max': '200000 100000\n',
    };
    expect(cpus(28, container).count).toBe(2);
    expect(cpus(28, { ...container, '/proc/self/cgroup': '0::/\n' }).count).toBe(2);
  });
});

describe('a process in a control group of version 1', () => {
  it('may use the quota in each period', () => {
    const files = {
      '/proc/self/cgroup': '12:memory:/app\n4:cpu,cpuacct:/app\n0::/\n',
      '/proc/self/mountinfo': `${V1_MOUNT}\n35 29 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`,
      '/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us': '100000\n',
    };
    expect(cpus(28, files).count).toBe(3);
  });
});

describe('files that are not what they should be', () => {
  it.each(['', '\n', 'max', 'NaN 100000', '-5 100000', '100000 0', '100000'])(
    'such as cpu.max "%s" are no limit',
    (text) => {
      const files = { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': V2_MOUNT, '/sys/fs/cgroup/cpu.max': text };
      expect(cpus(4, files).count).toBe(4);
    },
  );

  it('leave at least one CPU and at most the machine, here', () => {
    const { count } = usableCpus();
    expect(count).toBeGreaterThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(availableParallelism());
  });
});
