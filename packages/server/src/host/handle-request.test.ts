import { defineModel, type JitneyError } from '@jitney/core';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Body, RequestFrame } from '../wire/frames.js';
import { handleRequest, type Reply } from './handle-request.js';
import { type Doubling, type DoublingOptions, doubling, serveDoubling } from './testing/doubling-model.js';

const frameOf = (body: Body, given: Partial<RequestFrame> = {}): RequestFrame => ({
  type: 'request',
  id: 1,
  target: 0,
  requestId: 'r-1',
  deadlineAtMs: Number.POSITIVE_INFINITY,
  priority: 0,
  attempt: 1,
  alone: false,
  tenant: '',
  affinity: '',
  traceparent: '',
  attachment: '',
  outputs: null,
  body,
  ...given,
});

const json = (value: unknown): Body => ({
  kind: 'content',
  contentType: 'application/json',
  bytes: Buffer.from(JSON.stringify(value)),
});
const tensors = (...values: number[]): Body => ({
  kind: 'tensors',
  tensors: [{ name: 'x', dtype: 'FP32', shape: [values.length, 1], data: Float32Array.from(values) }],
});

let lastId = 0;

/** A request under way, and everything it said. */
function send({ served, clock }: Doubling, body: Body, given: Partial<RequestFrame> = {}) {
  const replies: Reply[] = [];
  const reports: JitneyError[] = [];
  let entries = 0;
  const running = handleRequest(served, frameOf(body, given), {
    clock,
    nextId: () => {
      entries += 1;
      return ++lastId;
    },
    settle: (reply) => replies.push(reply),
    report: (error) => reports.push(error),
  });
  return {
    running,
    replies,
    reports,
    get entries() {
      return entries;
    },
    get answer(): unknown {
      const [reply] = replies;
      if (reply?.state !== 'done' || reply.body.kind !== 'content') return reply;
      return JSON.parse(Buffer.from(reply.body.bytes).toString());
    },
    get error(): JitneyError {
      const [reply] = replies;
      if (reply?.state !== 'failed') throw new Error('the request did not fail');
      return reply.error;
    },
  };
}

/** Sends one request to a model that answers at once, and waits for its end. */
async function ask(body: Body, options: DoublingOptions = {}) {
  const model = serveDoubling(options);
  const request = send(model, body);
  await model.until(() => request.replies.length > 0);
  return request;
}

describe('tensors', () => {
  it('go into the lane as they are, and come back with the moments of their way', () => {
    const model = serveDoubling({ mode: 'at once' });
    const body = tensors(1, 2);
    const request = send(model, body);
    model.clock.advance(5);
    model.clock.turn();
    const [reply] = request.replies;
    if (reply?.state !== 'done' || reply.body.kind !== 'tensors') throw new Error('not answered with tensors');
    expect(reply.body.tensors[0]).toEqual({ name: 'y', dtype: 'FP32', shape: [2, 1], data: Float32Array.of(2, 4) });
    expect(reply.timing).toEqual({
      receivedAtMs: 1_000,
      encodedAtMs: 1_000,
      enqueuedAtMs: 1_000,
      startedAtMs: 1_005,
      finishedAtMs: 1_005,
      decodedAtMs: 1_005,
      batchRows: 2,
      boundBy: 'waiting',
      expectedWaitMs: 0,
    });
  });

  it('carry the deadline, priority, outputs and need of the process from the frame', () => {
    const model = serveDoubling();
    const submitted: unknown[] = [];
    const served = {
      ...model.served,
      lane: { ...model.served.lane, submit: (entry: unknown) => submitted.push(entry) },
    };
    const given = { deadlineAtMs: 9_000, priority: 3, outputs: ['y'], alone: true };
    send({ ...model, served: served as unknown as Doubling['served'] }, tensors(1, 2), given);
    expect(submitted).toEqual([expect.objectContaining({ ...given, rows: 2, cost: 2, bytes: 8, arrivedAtMs: 1_000 })]);
  });

  it('count as one row where the model knows no rows', () => {
    const model = serveDoubling({ batching: { mode: 'whole', maxRows: null, reason: '' } });
    send(model, tensors(1, 2, 3));
    expect(model.served.lane.stats()).toMatchObject({ queuedEntries: 1, queuedRows: 1, queuedBytes: 12 });
  });

  it('that the queue refuses are answered at once', () => {
    const model = serveDoubling({ mode: 'held', maxEntries: 1 });
    send(model, tensors(1));
    expect(send(model, tensors(2)).error.code).toBe('QUEUE_FULL');
  });

  it('end with CANCELLED when they are given up', () => {
    const model = serveDoubling({ mode: 'held' });
    const request = send(model, tensors(1));
    request.running.cancel();
    expect(request.error.code).toBe('CANCELLED');
    expect(model.served.lane.stats().queuedEntries).toBe(0);
  });
});

describe('one input', () => {
  it('is encoded, run, decoded, and answered in JSON', async () => {
    const request = await ask(json({ inputs: { value: 21 } }));
    expect(request.answer).toEqual({ doubled: 42 });
    const [reply] = request.replies;
    expect(reply).toMatchObject({ body: { contentType: 'application/json; charset=utf-8' } });
  });

  it('is a list where the schema of the item is one', async () => {
    const definition = defineModel({
      ...doubling,
      input: z.array(z.number()).length(3),
      preprocess: (values) => ({ x: values }),
      postprocess: ({ y }) => ({ doubled: Array.from(y?.data as Float32Array, Number).reduce((a, b) => a + b) }),
    });
    expect((await ask(json({ inputs: [1, 2, 3] }), { definition })).answer).toEqual({ doubled: 12 });
    expect(
      (
        await ask(
          json({
            inputs: [
              [1, 2, 3],
              [4, 5, 6],
            ],
          }),
          { definition },
        )
      ).answer,
    ).toEqual([{ doubled: 12 }, { doubled: 30 }]);
  });

  it('costs as many rows as it has', async () => {
    const preprocess = () => ({ x: [1, 2, 3] });
    const model = serveDoubling({ definition: { ...doubling, preprocess } as DoublingOptions['definition'] & object });
    const request = send(model, json({ inputs: { value: 1 } }));
    await model.until(() => request.replies.length > 0);
    expect(request.replies[0]).toMatchObject({ timing: { batchRows: 3 } });
  });

  it('of a model without own code is tensors by name', async () => {
    const answer = await ask(json({ inputs: { x: [[1], [2]] } }), { definition: null });
    expect(answer.answer).toEqual({ outputs: { y: [[2], [4]], z: [[1001], [1002]] } });
  });

  it.each([
    ['that does not fit', { value: 'one' }, 'INVALID_ARGUMENT', /^the input does not fit: value: /],
    ['that preprocess refuses', { value: 13 }, 'INVALID_ARGUMENT', /^13 brings bad luck$/],
    ['that the model cannot take', { value: -1 }, 'MODEL_ERROR', /^the model cannot take -1$/],
    ['that postprocess fails on', { value: 14 }, 'USER_CODE_ERROR', /^postprocess of the model's own code failed/],
  ])('%s ends with that error', async (_what, inputs, code, message) => {
    const { error, reports } = await ask(json({ inputs }));
    expect([error.code, reports]).toEqual([code, []]);
    expect(error.message).toMatch(message);
  });

  it("keeps the cause of own code's errors, for the log", async () => {
    const { error } = await ask(json({ inputs: { value: 14 } }));
    expect(error.cause).toMatchObject({ message: '14 is odd enough' });
  });

  it('in a body that cannot be read is refused without an entry', async () => {
    const request = await ask({ kind: 'content', contentType: 'application/json', bytes: Buffer.from('{') });
    expect([request.error.code, request.entries]).toEqual(['INVALID_ARGUMENT', 0]);
  });
});

describe('a list of inputs', () => {
  const list = (...values: unknown[]) => json({ inputs: values.map((value) => ({ value })) });

  it('is answered place by place, whatever its length', async () => {
    const values = Array.from({ length: 1_000 }, (_, value) => value + 100);
    const { answer } = await ask(list(...values));
    expect(answer).toEqual(values.map((value) => ({ doubled: 2 * value })));
  });

  it('rides in as few runs as its rows need', async () => {
    const model = serveDoubling({ mode: 'held' });
    send(model, list(...Array.from({ length: 20 }, (_, value) => value + 100)));
    await model.until(() => model.served.lane.stats().queuedEntries === 12);
    expect(model.executor.only.values).toHaveLength(8);
    await model.executor.releaseAll();
  });

  it('has at most so many items under way that others have room', async () => {
    const model = serveDoubling({ mode: 'held' });
    const request = send(model, list(...Array.from({ length: 400 }, (_, value) => value + 100)));
    await model.until(() => model.executor.held.length > 0);
    await model.until(() => request.entries >= 256);
    expect(request.entries).toBe(256);
    await model.executor.releaseAll();
    await model.until(() => request.replies.length > 0);
    expect(request.answer).toHaveLength(400);
  });

  it('holds an error where an item failed, each by its own mistake', async () => {
    const { answer } = await ask(list(1, 'two', 13, -1, 14, 6));
    expect(answer).toEqual([
      { doubled: 2 },
      { error: { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^the input does not fit: value: /) } },
      { error: { code: 'INVALID_ARGUMENT', message: '13 brings bad luck' } },
      { error: { code: 'MODEL_ERROR', message: 'the model cannot take -1' } },
      { error: { code: 'USER_CODE_ERROR', message: expect.stringMatching(/14 is odd enough/) } },
      { doubled: 12 },
    ]);
  });

  it('tells the log of its failed items, one of each code, with their causes', async () => {
    const { reports } = await ask(list(1, 14, 14, 'two', 14));
    expect(reports.map(({ code }) => code).sort()).toEqual(['INVALID_ARGUMENT', 'USER_CODE_ERROR']);
    expect(reports.find(({ code }) => code === 'USER_CODE_ERROR')?.cause).toBeInstanceOf(Error);
  });

  it('ends with the error of its first item when all fail', async () => {
    const { error, reports } = await ask(list(13, 14));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      item: 0,
      message: expect.stringMatching(/^inputs\[0\]: 13 /),
    });
    expect(reports).toEqual([]);
  });

  it('that was meant as one input is told why it is none', async () => {
    const input = z.array(z.number()).length(3);
    const definition = defineModel({
      ...doubling,
      input,
      preprocess: () => ({ x: [1] }),
      postprocess: () => ({ doubled: 1 }),
    });
    const { error } = await ask(json({ inputs: [1, 2] }), { definition });
    expect(error.message).toMatch(/^inputs\[0\]: the input does not fit: .*\. Nor is the list one input: .*3 items/);
  });

  it('of too many is refused before anything runs', async () => {
    const request = await ask(list(...new Array(20_000).fill(1)));
    expect([request.error.code, request.entries]).toEqual(['TOO_LARGE', 0]);
    expect(request.error.message).toMatch(/a list of 20000, and at most 16384/);
  });

  it('that is empty is refused', async () => {
    expect((await ask(json({ inputs: [] }))).error.message).toMatch(/'inputs' is an empty list/);
  });

  it('with an answer that cannot be written fails at that place alone', async () => {
    const definition = defineModel({
      ...doubling,
      output: z.any(),
      postprocess: (_outputs, { input: { value } }) => {
        const answer: Record<string, unknown> = { value };
        if (value === 2) answer.self = answer;
        return answer;
      },
    });
    const { answer } = await ask(list(1, 2), { definition });
    expect(answer).toEqual([{ value: 1 }, { error: { code: 'USER_CODE_ERROR', message: expect.any(String) } }]);
  });
});

describe('giving up a request of content', () => {
  const never = () => new Promise<never>(() => {});

  it('takes its items out of the lane, and begins no more', async () => {
    const model = serveDoubling({ mode: 'held' });
    let encoded = 0;
    const preprocess = ({ value }: { value: number }) => {
      encoded += 1;
      return { x: [value] };
    };
    const { served } = serveDoubling({ mode: 'held', definition: defineModel({ ...doubling, preprocess }) });
    const request = send(
      { ...model, served: { ...served, lane: model.served.lane } },
      json({ inputs: Array(300).fill({ value: 1 }) }),
    );
    await model.until(() => request.entries === 256 && model.executor.held.length > 0);
    request.running.cancel();
    expect(request.error.code).toBe('CANCELLED');
    expect(model.executor.only.signal.aborted).toBe(true);
    expect(model.served.lane.stats()).toMatchObject({ queuedEntries: 0, queuedBytes: 0 });
    await model.executor.releaseAll();
    await model.until(() => model.served.lane.stats().runningRows === 0);
    expect([encoded, request.replies.length]).toEqual([256, 1]);
  });

  it('ends it at once, though own code goes on', async () => {
    const definition = defineModel({ ...doubling, preprocess: never });
    const request = send(serveDoubling({ definition }), json({ inputs: { value: 1 } }));
    request.running.cancel();
    expect(request.error.code).toBe('CANCELLED');
  });

  it('tells own code by its signal', async () => {
    let signal: AbortSignal | undefined;
    const preprocess: (typeof doubling)['preprocess'] = (_input, context) => {
      signal = context.signal;
      return never();
    };
    const model = serveDoubling({ definition: defineModel({ ...doubling, preprocess }) });
    const request = send(model, json({ inputs: { value: 1 } }));
    await model.until(() => signal !== undefined);
    expect(signal?.aborted).toBe(false);
    request.running.cancel();
    expect(signal?.aborted).toBe(true);
  });

  it('keeps rows from running that own code gives afterwards', async () => {
    let release: (feeds: { x: number[] }) => void = () => {};
    const preprocess = () =>
      new Promise<{ x: number[] }>((resolve) => {
        release = resolve;
      });
    const model = serveDoubling({ definition: defineModel({ ...doubling, preprocess }) });
    const request = send(model, json({ inputs: { value: 1 } }));
    request.running.cancel();
    release({ x: [1] });
    await new Promise((resolve) => setImmediate(resolve));
    model.clock.turn();
    expect([request.entries, request.replies.length, model.executor.batches]).toEqual([0, 1, []]);
  });

  it('changes nothing once it is answered', async () => {
    const request = await ask(json({ inputs: { value: 1 } }));
    request.running.cancel();
    expect(request.replies).toHaveLength(1);
  });
});

describe('the deadline of a request of content', () => {
  it('ends it while own code still works on it', async () => {
    const definition = defineModel({ ...doubling, preprocess: () => new Promise<never>(() => {}) });
    const model = serveDoubling({ definition });
    const request = send(model, json({ inputs: { value: 1 } }), { deadlineAtMs: model.clock.now() + 50 });
    model.clock.advance(49);
    expect(request.replies).toEqual([]);
    model.clock.advance(1);
    expect(request.error).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: "Request timeout expired: it had been in the model's host for 50 ms",
      retryAfterMs: 1_000,
    });
  });

  it('ends it while it waits for its run', async () => {
    const model = serveDoubling({ mode: 'held' });
    const request = send(model, json({ inputs: { value: 1 } }), { deadlineAtMs: model.clock.now() + 50 });
    await model.until(() => model.executor.held.length > 0);
    model.clock.advance(50);
    expect([request.error.code, model.executor.only.signal.aborted]).toEqual(['DEADLINE_EXCEEDED', true]);
  });

  it('that has passed already keeps it from being encoded', () => {
    const model = serveDoubling();
    const request = send(model, json({ inputs: { value: 1 } }), { deadlineAtMs: model.clock.now() });
    expect([request.error.code, request.entries]).toEqual(['DEADLINE_EXCEEDED', 0]);
  });

  it('leaves no timer behind once it is answered', async () => {
    const model = serveDoubling();
    const request = send(model, json({ inputs: { value: 1 } }), { deadlineAtMs: model.clock.now() + 50 });
    await model.until(() => request.replies.length > 0);
    await model.served.lane.drain();
    expect(model.clock.alarms).toBe(0);
  });
});
