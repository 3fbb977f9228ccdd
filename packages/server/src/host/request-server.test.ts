import { connect } from 'node:net';
import type { JitneyError } from '@jitney/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type End, endOf, request } from '../../test/wire/ends.js';
import { createRuntimeFolder, type RuntimeFolder } from '../wire/address.js';
import type { RequestFrame } from '../wire/frames.js';
import { LargeBuffers } from '../wire/large-buffers.js';
import { RequestServer } from './request-server.js';
import { type Doubling, type DoublingOptions, doubling, serveDoubling } from './testing/doubling-model.js';

type Definition = NonNullable<DoublingOptions['definition']>;

describe('a host with gateways', () => {
  let folder: RuntimeFolder;
  let address: string;
  let ends: End[];
  let server: RequestServer;
  let failures: [RequestFrame, JitneyError][];
  let memory: LargeBuffers;

  beforeEach(() => {
    folder = createRuntimeFolder();
    address = folder.socketPath('host');
    ends = [];
    failures = [];
    memory = new LargeBuffers();
  });

  afterEach(async () => {
    for (const end of ends) end.connection.destroy();
    await server.close();
    folder.remove();
  });

  async function listen(options: DoublingOptions = {}, maxFrameBytes = 1e6): Promise<Doubling> {
    const model = serveDoubling(options);
    server = new RequestServer({
      name: 'host doubling@1',
      targets: [undefined, model.served],
      clock: model.clock,
      memory,
      maxFrameBytes,
      onFailure: (frame, error) => failures.push([frame, error]),
    });
    await server.listen(address);
    return model;
  }

  function gateway(name = 'gateway 1'): End {
    const end = endOf(connect(address), name);
    ends.push(end);
    return end;
  }

  const row = (id: number, value: number, given: Partial<RequestFrame> = {}) =>
    request(id, 1, {
      target: 1,
      deadlineAtMs: Number.POSITIVE_INFINITY,
      body: { kind: 'tensors', tensors: [{ name: 'x', dtype: 'FP32', shape: [1, 1], data: Float32Array.of(value) }] },
      ...given,
    });

  const valuesOf = (end: End) =>
    end.received.map((frame) => {
      if (frame.type === 'error') return [frame.id, frame.error.code];
      if (frame.type !== 'result' || frame.body.kind !== 'tensors') return frame.type;
      return [frame.id, ...Array.from(frame.body.tensors[0]?.data as Float32Array)];
    });

  it('answers each with what it asked for, by its own numbers, and lets their rows ride together', async () => {
    const model = await listen({ mode: 'held' });
    const [one, two] = [gateway('gateway 1'), gateway('gateway 2')];
    one.connection.send(row(7, 1));
    two.connection.send(row(7, 2));
    await model.until(() => model.executor.held.length === 1 && model.served.lane.stats().queuedEntries === 1);
    one.connection.send(row(8, 3));
    await model.until(() => model.served.lane.stats().queuedEntries === 2);
    await model.executor.releaseAll();
    await model.until(() => one.received.length === 2 && two.received.length === 1);
    expect(model.executor.batches[1]).toHaveLength(2);
    expect([valuesOf(one).sort(), valuesOf(two)]).toEqual([
      [
        [7, 2],
        [8, 6],
      ],
      [[7, 4]],
    ]);
  });

  it('reads a large request into memory that the next one has again', async () => {
    const batching = { mode: 'whole', maxRows: null, reason: 'a test says so' } as const;
    const model = await listen({ mode: 'held', batching }, 1e6);
    const end = gateway();
    for (const id of [1, 2]) {
      const data = Float32Array.from({ length: 50_000 }, (_, index) => index + id);
      const tensor = { name: 'x', dtype: 'FP32', shape: [50_000, 1], data } as const;
      end.connection.send(row(id, 0, { body: { kind: 'tensors', tensors: [tensor] } }));
      await model.until(() => model.executor.held.length === 1);
      expect(memory.keptBytes).toBe(0);
      await model.executor.only.release();
      await model.until(() => end.received.length === id);
      expect(valuesOf(end)[id - 1]).toEqual([id, ...data.map((value) => 2 * value)]);
      expect(memory.keptBytes).toBeGreaterThanOrEqual(200_000);
    }
    expect(memory.keptBytes).toBeLessThan(300_000);
  });

  it('answers content with content', async () => {
    const model = await listen();
    const end = gateway();
    const bytes = Buffer.from('{"inputs":{"value":4}}');
    end.connection.send(row(1, 0, { body: { kind: 'content', contentType: 'application/json', bytes } }));
    await model.until(() => end.received.length === 1);
    const [frame] = end.received;
    const body = frame?.type === 'result' && frame.body.kind === 'content' ? frame.body : null;
    expect(Buffer.from(body?.bytes ?? []).toString()).toBe('{"doubled":8}');
  });

  it('refuses a request for a model that it does not have', async () => {
    const model = await listen();
    const end = gateway();
    end.connection.send(row(1, 1, { target: 0 }));
    end.connection.send(row(2, 1, { target: 9 }));
    await model.until(() => end.received.length === 2);
    expect(valuesOf(end)).toEqual([
      [1, 'MODEL_NOT_READY'],
      [2, 'MODEL_NOT_READY'],
    ]);
  });

  it('tells the log of what failed, with its cause', async () => {
    const model = await listen();
    const end = gateway();
    const bytes = Buffer.from('{"inputs":{"value":14}}');
    end.connection.send(row(5, 0, { body: { kind: 'content', contentType: '', bytes } }));
    await model.until(() => end.received.length === 1);
    expect(failures.map(([frame, error]) => [frame.id, error.code, (error.cause as Error).message])).toEqual([
      [5, 'USER_CODE_ERROR', '14 is odd enough'],
    ]);
  });

  it('answers an error where the answer is larger than a frame may be, and goes on', async () => {
    const definition = { ...doubling, output: z.any(), postprocess: () => 'x'.repeat(2_000) };
    const model = await listen({ definition: definition as Definition }, 1_000);
    const end = gateway();
    const bytes = Buffer.from('{"inputs":{"value":1}}');
    end.connection.send(row(1, 0, { body: { kind: 'content', contentType: '', bytes } }));
    end.connection.send(row(2, 2));
    await model.until(() => end.received.length === 2);
    expect(valuesOf(end)).toEqual(
      expect.arrayContaining([
        [1, 'TOO_LARGE'],
        [2, 4],
      ]),
    );
  });

  it('gives up a request that its gateway cancels', async () => {
    const model = await listen({ mode: 'held' });
    const end = gateway();
    end.connection.send(row(1, 1));
    await model.until(() => model.executor.held.length === 1);
    end.connection.send({ type: 'cancel', id: 1 });
    end.connection.send({ type: 'cancel', id: 99 });
    await model.until(() => end.received.length === 1);
    expect([valuesOf(end), model.executor.only.signal.aborted]).toEqual([[[1, 'CANCELLED']], true]);
    await model.executor.releaseAll();
  });

  it('gives up everything of a gateway that is gone, and nothing of the others', async () => {
    const model = await listen({ mode: 'held' });
    const [gone, stays] = [gateway(), gateway()];
    gone.connection.send(row(1, 1));
    await model.until(() => model.executor.held.length === 1);
    gone.connection.send(row(2, 2));
    stays.connection.send(row(1, 5));
    await model.until(() => model.served.lane.stats().queuedEntries === 2);
    gone.connection.destroy();
    await model.until(() => model.executor.only.signal.aborted);
    expect(model.served.lane.stats().queuedEntries).toBe(1);
    await model.executor.releaseAll();
    await model.until(() => stays.received.length === 1);
    expect(valuesOf(stays)).toEqual([[1, 10]]);
  });

  it('tells each gateway which of its requests are in a run, before it begins', async () => {
    const model = await listen({ mode: 'held' });
    model.executor.beforeRun = (ids) => server.announceStart(ids);
    const [one, two] = [gateway(), gateway()];
    const bytes = Buffer.from('{"inputs":[{"value":1},{"value":2}]}');
    one.connection.send(row(4, 0, { body: { kind: 'content', contentType: '', bytes } }));
    two.connection.send(row(5, 1));
    await model.until(() => one.received.length > 0 && model.executor.held.length > 0);
    await model.executor.releaseAll();
    await model.until(() => valuesOf(two).length === 2);
    expect(one.received[0]).toEqual({ type: 'started', ids: [4] });
    expect(two.received[0]).toEqual({ type: 'started', ids: [5] });
  });

  describe('that drains', () => {
    it('asks for no more, answers what it holds and what still comes, and hangs up', async () => {
      const model = await listen({ mode: 'held' });
      const end = gateway();
      end.connection.send(row(1, 1));
      await model.until(() => model.executor.held.length === 1);
      const drained = server.drain();
      await model.until(() => end.received.length === 1);
      end.connection.send(row(2, 2));
      await model.until(() => model.served.lane.stats().queuedEntries === 1);
      await model.executor.releaseAll();
      await drained;
      await end.closed();
      expect(valuesOf(end)).toEqual(expect.arrayContaining(['drain', [1, 2], [2, 4]]));
    });

    it('waits for own code that is still at work', async () => {
      const atWork: ((feeds: { x: number[] }) => void)[] = [];
      const preprocess = () => new Promise<{ x: number[] }>((resolve) => void atWork.push(resolve));
      const definition = { ...doubling, preprocess } as Definition;
      const model = await listen({ definition });
      const end = gateway();
      const bytes = Buffer.from('{"inputs":{"value":1}}');
      end.connection.send(row(1, 0, { body: { kind: 'content', contentType: '', bytes } }));
      await model.until(() => atWork.length === 1);
      const drained = server.drain();
      await model.until(() => end.received.length === 1);
      atWork[0]?.({ x: [3] });
      await model.until(() => end.received.length === 2);
      await drained;
      expect(end.received[1]).toMatchObject({ type: 'result', id: 1 });
    });

    it('is done at once where nothing runs', async () => {
      await listen();
      await server.drain();
    });
  });
});
