import { createServer, type Server } from 'node:net';
import { JitneyError, type Moment } from '@jitney/core';
import { type Connection, createConnection, type Message } from '../wire/connection.js';
import type { RequestFrame } from '../wire/frames.js';
import { handleRequest, type Reply, type Running, type ServedModel } from './served-model.js';

export interface RequestServerOptions {
  /** Who speaks, for the other side's log: `host fraud@1`. */
  readonly name: string;
  /** Served models by the target number that frames carry. */
  readonly targets: readonly (ServedModel | undefined)[];
  readonly now: () => Moment;
  readonly maxFrameBytes: number;
  /** Told of each request that failed, with its cause, for the log. */
  readonly onFailure: (frame: RequestFrame, error: JitneyError) => void;
}

/** Answers the requests of any number of gateways over one Unix socket. */
export interface RequestServer {
  listen(socketPath: string): Promise<void>;
  /** Tells the gateways which requests are in a run that may end this process; written before this returns. */
  announceStart(entryIds: readonly number[]): void;
  /** Tells every gateway that no more is taken. */
  drain(): void;
  readonly runningRequests: number;
  close(): void;
}

interface Peer {
  readonly connection: Connection;
  readonly running: Map<number, Running>;
}

interface Origin {
  readonly peer: Peer;
  readonly frameId: number;
}

export function createRequestServer(options: RequestServerOptions): RequestServer {
  const peers = new Set<Peer>();
  /** Which request each lane entry belongs to, while it is in the lane. */
  const origins = new Map<number, Origin>();
  let lastEntryId = 0;
  let server: Server | null = null;

  function accept(frame: RequestFrame, peer: Peer): void {
    const served = options.targets[frame.target];
    if (served === undefined) {
      const error = new JitneyError('MODEL_NOT_READY', `${options.name} has no model at target ${frame.target}`);
      return answer(frame, peer, { state: 'failed', error });
    }
    let settled = false;
    const origin: Origin = { peer, frameId: frame.id };
    const entryIds: number[] = [];
    const running = handleRequest(served, frame, {
      now: options.now,
      nextId: () => {
        const id = ++lastEntryId;
        origins.set(id, origin);
        entryIds.push(id);
        return id;
      },
      settle: (reply) => {
        settled = true;
        peer.running.delete(frame.id);
        for (const id of entryIds) origins.delete(id);
        answer(frame, peer, reply);
      },
    });
    if (!settled) peer.running.set(frame.id, running);
  }

  function answer(frame: RequestFrame, peer: Peer, reply: Reply): void {
    if (reply.state === 'failed') {
      options.onFailure(frame, reply.error);
      peer.connection.send({ type: 'error', id: frame.id, error: reply.error.toRecord() });
    } else {
      peer.connection.send({ type: 'result', id: frame.id, body: reply.body, timing: reply.timing });
    }
  }

  function receive(frame: Message, peer: Peer): void {
    switch (frame.type) {
      case 'request':
        return accept(frame, peer);
      case 'cancel':
        return peer.running.get(frame.id)?.cancel();
      case 'credit':
      case 'drain':
      case 'result':
      case 'error':
      case 'started':
      case 'piece':
        return;
    }
  }

  return {
    listen: (socketPath) =>
      new Promise((resolve, reject) => {
        server = createServer((socket) => {
          const peer: Peer = {
            running: new Map(),
            connection: createConnection(socket, {
              name: options.name,
              maxFrameBytes: options.maxFrameBytes,
              onFrame: (frame) => receive(frame, peer),
              onClose: () => {
                peers.delete(peer);
                // A gateway that is gone reads no answers: its requests give up their places.
                for (const running of peer.running.values()) running.cancel();
              },
            }),
          };
          peers.add(peer);
        });
        server.once('error', reject);
        server.listen(socketPath, resolve);
      }),
    announceStart: (entryIds) => {
      const byPeer = new Map<Peer, Set<number>>();
      for (const id of entryIds) {
        const origin = origins.get(id);
        if (origin === undefined) continue;
        const ids = byPeer.get(origin.peer);
        if (ids === undefined) byPeer.set(origin.peer, new Set([origin.frameId]));
        else ids.add(origin.frameId);
      }
      for (const [peer, ids] of byPeer) {
        peer.connection.send({ type: 'started', ids: [...ids] });
        peer.connection.flush();
      }
    },
    drain: () => {
      for (const peer of peers) peer.connection.send({ type: 'drain' });
    },
    get runningRequests() {
      let count = 0;
      for (const peer of peers) count += peer.running.size;
      return count;
    },
    close: () => {
      server?.close();
      for (const peer of peers) peer.connection.close();
    },
  };
}
