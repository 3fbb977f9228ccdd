import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStderr } from './stderr.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitney-stderr-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const describeLoss = (lines: number) => `lost ${lines}\n`;

/** A pipe both of whose ends this process holds, its reader in no hurry. Only where /proc can open it again. */
describe.skipIf(process.platform !== 'linux')('a reader that does not keep up', () => {
  function createPipe() {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(path, constants.O_WRONLY);
    const writer = openStderr(describeLoss, fd);
    const read = () => {
      const chunk = Buffer.alloc(1 << 20);
      const parts: string[] = [];
      try {
        for (let bytes = readSync(reader, chunk); bytes > 0; bytes = readSync(reader, chunk)) {
          parts.push(chunk.toString('latin1', 0, bytes));
        }
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
      }
      return parts.join('');
    };
    const close = () => {
      writer.close();
      closeSync(fd);
      closeSync(reader);
    };
    return { writer, read, close };
  }

  it('costs no wait and no line up to the bound; all come in their order once it reads', () => {
    const { writer, read, close } = createPipe();
    const lines = Array.from({ length: 2000 }, (_, index) => `${index} ${'x'.repeat(300)}\n`);
    for (const line of lines) writer.write(line);
    let text = read();
    for (let round = 0; round < 100 && text.length < lines.join('').length; round++) {
      writer.flushSync(0);
      text += read();
    }
    expect(text).toBe(lines.join(''));
    close();
  });

  it('is told how many lines were lost above the bound, when it reads again', () => {
    const { writer, read, close } = createPipe();
    const line = `${'x'.repeat(999)}\n`;
    for (let index = 0; index < 2000; index++) writer.write(line);
    let text = read();
    for (let round = 0; round < 100 && !text.includes('lost'); round++) {
      writer.flushSync(0);
      text += read();
    }
    const kept = text.split('\n').filter((one) => one.startsWith('x'));
    const lost = Number(/lost (\d+)\n$/.exec(text)?.[1]);
    expect(lost).toBeGreaterThan(0);
    expect(kept.length + lost).toBe(2000);
    expect(kept.every((one) => one.length === 999)).toBe(true);
    close();
  });

  it('gets the rest without another line being written', async () => {
    const { writer, read, close } = createPipe();
    for (let index = 0; index < 200; index++) writer.write(`${'x'.repeat(999)}\n`);
    let bytes = 0;
    while (bytes < 200_000) {
      bytes += read().length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bytes).toBe(200_000);
    close();
  });
});

describe('a reader that is gone', () => {
  it.skipIf(process.platform !== 'linux')('costs nothing but the lines', () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(path, constants.O_WRONLY);
    const writer = openStderr(describeLoss, fd);
    closeSync(reader);
    writer.write('nobody reads this\n');
    writer.flushSync();
    writer.close();
    closeSync(fd);
  });
});

describe('a file', () => {
  it('holds each line as soon as it was written', () => {
    const path = join(folder, 'log');
    const fd = openSync(path, 'a');
    const writer = openStderr(describeLoss, fd);
    writer.write('one\n');
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    writer.write('two\n');
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    writer.close();
    closeSync(fd);
  });
});
