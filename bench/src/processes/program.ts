import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Children } from './children.js';

/** One of `bench/src/programs`, in a process of its own. It ends when its standard input does, so never alone. */
export class Program {
  readonly #children: Children;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended = new AbortController();

  /** @param name `echo` for `programs/echo.js` */
  constructor(children: Children, name: string, args: readonly string[] = []) {
    const script = fileURLToPath(new URL(`../programs/${name}.js`, import.meta.url));
    this.#children = children;
    this.#child = children.spawnNode([script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! });
    const error = new Error(`the bench's program ${name} ended early; its own error stands above`);
    // Behind its exit there may be lines that were not read yet; not behind this.
    this.#child.once('close', () => this.#ended.abort(error));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /**
   * The next value it prints, one line of JSON.
   * @throws Error where it ends instead.
   */
  async next<T>(): Promise<T> {
    const { signal } = this.#ended;
    const [line] = await once(this.#lines, 'line', { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    return JSON.parse(line as string) as T;
  }

  /** Asks for its next value. */
  ask<T>(): Promise<T> {
    const answer = this.next<T>();
    this.#child.stdin!.write('\n');
    return answer;
  }

  stop(): Promise<void> {
    return this.#children.end(this.#child);
  }
}
