/**
 * Commands that a page shows, so that a test can run them.
 *
 *     <!-- serve examples/models -->          what `jitney serve` gets; once a page, before its first command
 *
 *     <!-- run -->                            the next block is executed
 *     ```sh
 *     curl -s http://127.0.0.1:8000/v2
 *     ```
 *
 *     Anything in between, and then what it prints, if the page shows it:
 *
 *     ```json
 *     { "name": "jitney", "version": "…" }
 *     ```
 */
export interface Page {
  /** Arguments of `jitney serve`, `null` where the page's commands need no server. */
  readonly serve: readonly string[] | null;
  readonly commands: readonly Command[];
}

export interface Command {
  /** Line of the block's first command, counted from 1. */
  readonly line: number;
  /** For `sh`; lines that begin with `#` are comments there too. */
  readonly script: string;
  readonly expected: Expected;
}

/** What stdout must be: the block after the command, up to the next command. */
export type Expected =
  | { readonly kind: 'nothing-said' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string };

interface Block {
  readonly line: number;
  readonly language: string;
  readonly content: string;
  readonly isRun: boolean;
}

const RUN = /^<!-- run -->$/;
const SERVE = /^<!-- serve (.+) -->$/m;

/** @throws Error where a marker has no `sh` block after it, or a JSON block cannot be parsed. */
export function readPage(markdown: string): Page {
  const serve = SERVE.exec(markdown)?.[1]?.split(' ') ?? null;
  const blocks = readBlocks(markdown.split('\n'));
  const commands = blocks.flatMap((block, index) => (block.isRun ? [commandOf(block, blocks[index + 1])] : []));
  return { serve, commands };
}

function commandOf({ line, language, content }: Block, next: Block | undefined): Command {
  if (language !== 'sh') throw new Error(`line ${line}: only sh blocks are run, this one is ${language}`);
  return {
    line,
    script: content,
    expected: next === undefined || next.isRun ? { kind: 'nothing-said' } : expectedOf(next),
  };
}

function expectedOf({ line, language, content }: Block): Expected {
  if (language === 'text') return { kind: 'text', text: content };
  if (language !== 'json') return { kind: 'nothing-said' };
  try {
    return { kind: 'json', value: JSON.parse(content) };
  } catch (cause) {
    throw new Error(`line ${line}: the block is not JSON`, { cause });
  }
}

function readBlocks(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let isRun = false;
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w*)/.exec(lines[at]!);
    if (fence === null) {
      if (isRun && /\S/.test(lines[at]!)) throw new Error(`line ${at + 1}: a run marker needs a block right after it`);
      isRun ||= RUN.test(lines[at]!);
      continue;
    }
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`line ${at + 1}: the block has no end`);
    blocks.push({ line: at + 2, language: fence[1]!, content: lines.slice(at + 1, end).join('\n'), isRun });
    isRun = false;
    at = end;
  }
  if (isRun) throw new Error('the last run marker has no block after it');
  return blocks;
}
