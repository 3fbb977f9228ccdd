import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JitneyError } from '@jitney/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { parseAssignments } from './assignments.js';
import type { Config } from './config.js';
import { type ConfigFile, readConfigFile } from './config-file.js';
import { isLoopback } from './contradictions.js';
import { type ConfigSources, loadConfig } from './load-config.js';
import { listSettings } from './settings.js';

const KEY = 'correct-horse-battery-staple';
/** `printf %s correct-horse-battery-staple | sha256sum` */
const KEY_SHA256 = '87cbebfeebc05f7c54ac9336c4b4bbec831227a641951a4bde7edd56020f8590';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitney-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileWith(content: unknown): ConfigFile {
  return { path: '/etc/jitney.yaml', content };
}

function complaintsOf(sources: ConfigSources): string {
  try {
    loadConfig(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(JitneyError);
    expect((error as JitneyError).code).toBe('INVALID_CONFIG');
    return (error as JitneyError).message;
  }
  throw new Error('the configuration was accepted');
}

describe('without any setting', () => {
  it('every value is its default, and says so', () => {
    const config = loadConfig({});
    for (const { name, section, key, byDefault } of listSettings()) {
      expect((config[section] as Readonly<Record<string, unknown>>)[key], name).toEqual(byDefault);
      expect(config.sources[name]).toEqual({ from: 'default' });
    }
    expect(config.server.apiKeySha256).toBeNull();
    expect(config.warnings).toEqual([]);
  });

  it('every default is a value that its own setting accepts', () => {
    for (const { name, kind, byDefault } of listSettings()) expect(kind.parse(byDefault), name).toEqual(byDefault);
  });

  it('is typed by the table', () => {
    expectTypeOf<Config['server']['port']>().toEqualTypeOf<number>();
    expectTypeOf<Config['log']['format']>().toEqualTypeOf<'auto' | 'pretty' | 'json'>();
    expectTypeOf<Config['server']['apiKeyFile']>().toEqualTypeOf<string | null>();
  });

  it('is frozen in depth and survives a process boundary', () => {
    const config = loadConfig({});
    expect(() => Object.assign(config.limits, { maxRows: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.server.corsOrigins, { 0: '*' })).toThrow(TypeError);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });
});

describe('a setting given in several places', () => {
  const file = fileWith({ server: { port: 1 } });
  const env = { JITNEY_SERVER_PORT: '2' };
  const flags = { 'server.port': '3' };

  it.each([
    [{ file, env, flags }, 3, { from: 'flag', name: '--port' }],
    [{ file, env }, 2, { from: 'variable', name: 'JITNEY_SERVER_PORT' }],
    [{ file }, 1, { from: 'file', path: '/etc/jitney.yaml' }],
  ] as const)('has the most important value: case %#', (sources, port, source) => {
    const config = loadConfig(sources);
    expect(config.server.port).toBe(port);
    expect(config.sources['server.port']).toEqual(source);
  });

  it('is any setting: each can be given as flag, variable and in the file', () => {
    fc.assert(
      fc.property(fc.constantFrom(...listSettings()), ({ name, section, key, variable, byDefault }) => {
        const written = Array.isArray(byDefault) ? 'https://a' : byDefault === null ? undefined : String(byDefault);
        fc.pre(written !== undefined);
        expect(loadConfig({ flags: { [name]: written } }).sources[name].from).toBe('flag');
        expect(loadConfig({ env: { [variable]: written } }).sources[name].from).toBe('variable');
        expect(loadConfig({ file: fileWith({ [section]: { [key]: byDefault } }) }).sources[name].from).toBe('file');
      }),
    );
  });
});

describe('a wrong value', () => {
  it('is refused with setting, source, value and what was expected', () => {
    expect(complaintsOf({ flags: { 'server.port': '80a' } })).toBe(
      'server.port (flag --port) is "80a"; expected a whole number from 0 to 65535.',
    );
    expect(complaintsOf({ flags: { 'models.maxRows': '0' } })).toMatch(
      /^models\.maxRows \(flag --set models\.maxRows\) is "0"/,
    );
    expect(complaintsOf({ env: { JITNEY_LOG_LEVEL: 'loud' } })).toMatch(
      /^log\.level \(environment variable JITNEY_LOG_LEVEL\) is "loud"; expected one of fatal, /,
    );
    expect(complaintsOf({ file: fileWith({ limits: { maxBodyBytes: '64MB' } }) })).toMatch(
      /^limits\.maxBodyBytes \(file \/etc\/jitney\.yaml\) is "64MB"; expected bytes/,
    );
  });

  it('does not hide the others', () => {
    const complaints = complaintsOf({ flags: { 'server.port': 'x', 'server.gateways': '0', 'log.format': 'xml' } });
    expect(complaints.split('\n')).toHaveLength(3);
  });

  it('names Kubernetes where it comes from a Service', () => {
    expect(complaintsOf({ env: { JITNEY_SERVER_PORT: 'tcp://10.0.0.1:8000' } })).toContain('enableServiceLinks');
  });
});

describe('a name that is no setting', () => {
  it('is refused in a file, with the nearest one', () => {
    expect(complaintsOf({ file: fileWith({ server: { prot: 1 } }) })).toBe(
      'server.prot (file /etc/jitney.yaml) is no setting; did you mean server.port?',
    );
    expect(complaintsOf({ file: fileWith({ sever: {} }) })).toContain('did you mean server?');
    expect(complaintsOf({ file: fileWith({ kubernetes: {} }) })).toBe(
      'kubernetes (file /etc/jitney.yaml) is no setting.',
    );
    expect(complaintsOf({ file: fileWith({ server: 8000 }) })).toContain('server (file /etc/jitney.yaml) is 8000');
    expect(complaintsOf({ file: fileWith(['server']) })).toContain('expected sections');
  });

  it('is refused in an assignment', () => {
    expect(parseAssignments(['server.port=1', 'limits.maxBodyBytes=1MiB', 'server.port=2'])).toEqual({
      'server.port': '2',
      'limits.maxBodyBytes': '1MiB',
    });
    expect(() => parseAssignments(['server.prot=1'])).toThrow('did you mean server.port?');
    expect(() => parseAssignments(['server.port'])).toThrow('expected section.name=value');
  });

  it('is a warning as a variable, since others set variables too', () => {
    const { warnings } = loadConfig({ env: { JITNEY_SERVER_PROT: '1', JITNEY_HOME: '/', PATH: '/bin' } });
    expect(warnings).toEqual([
      'Environment variable JITNEY_SERVER_PROT is no setting; did you mean JITNEY_SERVER_PORT?',
    ]);
  });

  it('may be $schema, which is for editors', () => {
    expect(loadConfig({ file: fileWith({ $schema: './config.json', server: null }) }).server.port).toBe(8000);
    expect(loadConfig({ file: fileWith(null) }).server.port).toBe(8000);
  });
});

describe('settings that contradict each other', () => {
  it.each([
    [{ 'limits.defaultTimeoutMs': '20m' }, 'limits.maxTimeoutMs'],
    [{ 'limits.maxBodyBytes': '1GiB' }, 'limits.maxInFlightBytes'],
    [{ 'supervision.heartbeatIntervalMs': '10s' }, 'supervision.heartbeatTimeoutMs'],
    [{ 'supervision.restartBackoffMs': '1m' }, 'supervision.restartBackoffMaxMs'],
    [{ 'server.headersTimeoutMs': '10m' }, 'server.requestTimeoutMs'],
  ] as const)('are refused: %j', (flags, other) => {
    expect(complaintsOf({ flags })).toContain(`expected at most ${other}`);
  });
});

describe('an address that others can reach', () => {
  const flags = { 'server.host': '0.0.0.0' };

  it('needs a key, or the word that none is needed', () => {
    expect(complaintsOf({ flags })).toContain('there is no key');
    expect(loadConfig({ flags, env: { JITNEY_API_KEY: KEY } }).server.host).toBe('0.0.0.0');
    expect(loadConfig({ flags: { ...flags, 'server.insecure': true } }).server.host).toBe('0.0.0.0');
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])(
    'is not %s',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '1::1', '::ffff:10.0.0.1', 'example.org', '127.0.0.1.example.org'])(
    'is %s',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('the key', () => {
  function keyFile(content: string): string {
    const path = join(folder, 'key');
    writeFileSync(path, content);
    return path;
  }

  it('is kept as its hash alone', () => {
    const config = loadConfig({ env: { JITNEY_API_KEY: KEY } });
    expect(config.server.apiKeySha256).toBe(KEY_SHA256);
    expect(JSON.stringify(config)).not.toContain(KEY);
  });

  it('is the same from a file, whose last line may end', () => {
    expect(loadConfig({ flags: { 'server.apiKeyFile': keyFile(`${KEY}\n`) } }).server.apiKeySha256).toBe(KEY_SHA256);
  });

  it('comes from the flag before the variable, and from the variable before the file', () => {
    const apiKeyFile = keyFile(KEY);
    const env = { JITNEY_API_KEY: 'another' };
    expect(loadConfig({ env, flags: { 'server.apiKeyFile': apiKeyFile } }).server.apiKeySha256).toBe(KEY_SHA256);
    expect(loadConfig({ env, file: fileWith({ server: { apiKeyFile } }) }).server.apiKeySha256).not.toBe(KEY_SHA256);
  });

  it('is refused when empty, missing or not one word, and no message shows it', () => {
    expect(complaintsOf({ env: { JITNEY_API_KEY: '' } })).toContain('the key is empty');
    expect(complaintsOf({ flags: { 'server.apiKeyFile': join(folder, 'none') } })).toContain('ENOENT');
    const spaced = complaintsOf({ env: { JITNEY_API_KEY: 'two words' } });
    expect(spaced).toContain('one word');
    expect(spaced).not.toContain('two words');
  });
});

describe('a configuration file', () => {
  async function read(name: string, content: string): Promise<ConfigFile> {
    writeFileSync(join(folder, name), content);
    return await readConfigFile(join(folder, name));
  }

  it.each([
    ['jitney.yaml', 'server:\n  port: 9000\n  keepAliveTimeoutMs: 80s\n'],
    ['jitney.json', '{"server": {"port": 9000, "keepAliveTimeoutMs": 80000}}'],
  ])('may be %s', async (name, content) => {
    const { server } = loadConfig({ file: await read(name, content) });
    expect(server).toMatchObject({ port: 9000, keepAliveTimeoutMs: 80_000 });
  });

  it('that cannot be used is refused with its path and the reason', async () => {
    await expect(read('jitney.yaml', 'server: [')).rejects.toThrow(/jitney\.yaml cannot be parsed: .*line 1/);
    await expect(read('jitney.json', '{')).rejects.toThrow(/jitney\.json cannot be parsed/);
    await expect(read('jitney.toml', '')).rejects.toThrow('expected a name in .yaml, .yml or .json');
    await expect(readConfigFile(join(folder, 'none.yaml'))).rejects.toThrow(/cannot be read: ENOENT/);
  });
});
