import type { Clock } from '@jitney/core';
import type { LimitsConfig, ServerConfig } from '../config/index.js';
import type { Log } from '../telemetry/logs.js';
import type { GatewayMetrics } from '../telemetry/metrics.js';
import type { Admission } from './access/admission.js';
import type { Authorise } from './access/authorise.js';
import type { LoopTurns } from './access/loop-turns.js';
import type { CheckOrigin } from './access/origin.js';
import type { DataPlane } from './routing/data-plane.js';

/** What every protocol of a gateway works with. */
export interface Gateway {
  readonly dataPlane: DataPlane;
  readonly admission: Admission;
  readonly turns: LoopTurns;
  readonly authorise: Authorise;
  readonly checkOrigin: CheckOrigin;
  readonly limits: LimitsConfig;
  readonly server: ServerConfig;
  readonly metrics: GatewayMetrics;
  readonly log: Log;
  readonly clock: Clock;
  /** Jitney's own version. */
  readonly version: string;
  readonly nextRequestId: () => string;
  /** The metrics of all processes, as Prometheus reads them. */
  readonly collectMetrics: () => Promise<string>;
  /** True from SIGTERM on: readiness says 503, answers close their connections. */
  readonly isDraining: () => boolean;
}
