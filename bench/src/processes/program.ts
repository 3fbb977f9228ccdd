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

  /** @param name `echo` for `programs/echo.js` */
  constructor(children: Children, name: string, args: readonly string[] = []) {
    const script = fileURLToPath(new URL(`../programs/${name}.js`, import.meta.url));
    this.#children = children;
    this.#child = children.spawnNode([script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next value it prints, one line of JSON. */
  async next<T>(): Promise<T> {
    const ended = new AbortController();
    this.#child.once('exit', () => ended.abort(new Error('a program of the bench ended early; see its error above')));
    const [line] = (await once(this.#lines, 'line', { signal: ended.signal })) as [string];
    return JSON.parse(line) as T;
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
