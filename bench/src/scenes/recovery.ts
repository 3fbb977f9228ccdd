import { join } from 'node:path';
import { type RunningJitney, startJitney } from '../contenders/jitney.js';
import { sendUntilAnswered, startClosedLoop } from '../load/index.js';
import { plantMlp } from '../models/mlp.js';
import type { PlantedModel } from '../models/planted-model.js';
import type { Figure } from '../results/report.js';
import { median, spread } from '../results/statistics.js';
import { killAndAwait } from './kill.js';
import type { Scene, Stage } from './scene.js';

const ASKED_GATEWAY_MS = 1_000;
const CONNECTIONS = 128;

interface GatewayKill {
  readonly round: number;
  readonly awayMs: number;
  /** Hosts that are others than before. */
  readonly hostsReplaced: number;
}

interface HostKill {
  readonly round: number;
  readonly answered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly longestMs: number;
}

/** What a kill -9 costs those who are being served. */
export const recovery: Scene = {
  name: 'recovery',
  about:
    '`kill -9` of the gateway: from the kill until the same port answers an infer request again, asked over and over; and how many hosts are others than before. `kill -9` of the host under a load of 128 connections: how many requests failed, and the longest that one was waited for, from the kill until 10 000 more are answered.',
  async run(stage) {
    const model = await plantMlp(join(stage.folder, 'models'));
    const server = await startJitney(stage.children, {
      paths: [model.folder],
      cacheFolder: join(stage.folder, 'cache'),
    });
    try {
      const gateways: GatewayKill[] = [];
      const hosts: HostKill[] = [];
      for (let round = 1; round <= stage.rounds; round++) {
        gateways.push(await killGateway(stage, server, model, round));
        hosts.push(await killHost(stage, server, model, round));
      }
      return {
        figures: [gatewayFigure(gateways), loadedTwiceFigure(gateways), failedFigure(hosts)],
        tables: [
          {
            head: ['kill -9 of', 'serving again', 'requests failed', 'of', 'longest answer'],
            rows: [
              [
                'gateway',
                spread(
                  gateways.map(({ awayMs }) => awayMs),
                  ms,
                  'ms',
                ),
                '',
                '',
                '',
              ],
              [
                'host, under load',
                '',
                String(sum(hosts.map(failedOf))),
                sum(hosts.map(({ answered, failures }) => answered + failedOf({ failures }))).toLocaleString('en'),
                spread(
                  hosts.map(({ longestMs }) => longestMs),
                  ms,
                  'ms',
                ),
              ],
            ],
          },
        ],
        trust:
          'Both times are mostly those of starting a Node process and loading code, which other programs on the cores delay. Connections that a killed gateway held break, which no server can prevent: those requests are not counted here.',
      };
    } finally {
      await server.stop();
    }
  },
};

async function killGateway(
  stage: Stage,
  server: RunningJitney,
  { request }: PlantedModel,
  round: number,
): Promise<GatewayKill> {
  const before = hostPids(server);
  const { awayMs } = await killAndAwait(server, 'jitney gateway', () => sendUntilAnswered(server.port, request));
  const after = hostPids(server);
  const kill = { round, awayMs, hostsReplaced: after.filter((pid) => !before.includes(pid)).length };
  stage.record({ killed: 'gateway', ...kill });
  stage.say(`round ${round} of ${stage.rounds}: the port answers ${ms(awayMs)} ms after the gateway’s kill`);
  return kill;
}

async function killHost(
  stage: Stage,
  server: RunningJitney,
  { request }: PlantedModel,
  round: number,
): Promise<HostKill> {
  const load = startClosedLoop({ port: server.port, connections: CONNECTIONS, requests: [request] });
  try {
    await load.answered(stage.isQuick ? 1_000 : 10_000);
    load.take();
    await killAndAwait(server, 'jitney host mlp', () => load.answered(10_000));
  } finally {
    await load.stop();
  }
  const { answered, failures, latencyUs } = load.take();
  const kill = { round, answered, failures, longestMs: latencyUs.max / 1_000 };
  stage.record({ killed: 'host', ...kill });
  stage.say(
    `round ${round} of ${stage.rounds}: ${failedOf(kill)} of ${answered} requests failed, the longest answer took ${ms(kill.longestMs)} ms`,
  );
  return kill;
}

function hostPids(server: RunningJitney): number[] {
  return server
    .processes()
    .filter(({ title }) => title.startsWith('jitney host'))
    .map(({ pid }) => pid);
}

function gatewayFigure(kills: readonly GatewayKill[]): Figure {
  const found = kills.map(({ awayMs }) => awayMs);
  return {
    what: 'gateway killed: serving again on the same port',
    asked: `≤ ${ms(ASKED_GATEWAY_MS)} ms`,
    measured: spread(found, ms, 'ms'),
    isMet: median(found) <= ASKED_GATEWAY_MS,
  };
}

function loadedTwiceFigure(kills: readonly GatewayKill[]): Figure {
  const replaced = sum(kills.map(({ hostsReplaced }) => hostsReplaced));
  return { what: 'gateway killed: models loaded again', asked: '0', measured: String(replaced), isMet: replaced === 0 };
}

function failedFigure(kills: readonly HostKill[]): Figure {
  const failed = sum(kills.map(failedOf));
  return { what: 'host killed under load: requests failed', asked: '0', measured: String(failed), isMet: failed === 0 };
}

const failedOf = ({ failures }: Pick<HostKill, 'failures'>) => sum(Object.values(failures));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const ms = (value: number) => Math.round(value).toLocaleString('en');
