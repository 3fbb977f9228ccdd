import { JitneyError } from '@jitney/core';
import { Command, CommanderError } from 'commander';
import { benchCommand } from './bench.js';
import { addBenchOptions, type BenchOptions } from './bench-options.js';
import { checkCommand } from './check.js';
import { addConfigOptions } from './config-options.js';
import { EXIT } from './exit-codes.js';
import { VERSION } from './launch.js';
import { serveCommand } from './serve.js';

const EXAMPLES = `
Examples:
  jitney serve model.onnx                  one model, at http://127.0.0.1:8000
  jitney serve models/ --port 9000         every model in a folder
  jitney serve models/ --host 0.0.0.0      beyond this machine; needs JITNEY_API_KEY
  jitney check models/                     what would be served, and what is wrong
  jitney check models/ --json              the same for programs
  jitney bench http://127.0.0.1:8000       how fast it answers
  jitney bench model.onnx --rate 500       at 500 requests a second, whatever becomes of them
`;

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 5 a model cannot be served, 130 interrupted twice.
Colours follow NO_COLOR and FORCE_COLOR. Every setting: docs/configuration.md.`;

/** The `jitney` command: one file a verb. Answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('jitney')
    .description('Serves trained models over HTTP.')
    .version(VERSION)
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    .showHelpAfterError();
  let code: number = EXIT.done;
  const set = (value: number) => {
    code = value;
  };
  addConfigOptions(program.command('serve <path...>'))
    .addHelpText('before', EXAMPLES)
    .description('serves every model under the paths')
    .action(async (paths: string[], options) => set(await serveCommand(paths, options)));
  addConfigOptions(program.command('check <path...>'))
    .addHelpText('before', EXAMPLES)
    .description('loads every model under the paths and says how it would be served, without serving it')
    .option('--json', 'one JSON document on standard output')
    .action(async (paths: string[], options) => set(await checkCommand(paths, options)));
  addBenchOptions(program.command('bench <url|path>'))
    .addHelpText('before', EXAMPLES)
    .description('sends a server requests that fit its model, and tells throughput, goodput and latency')
    .action(async (target: string, options: BenchOptions) => set(await benchCommand(target, options)));
  try {
    if (argv.length === 0) program.outputHelp();
    await program.parseAsync(argv as string[], { from: 'user' });
    return argv.length === 0 ? EXIT.usage : code;
  } catch (thrown) {
    return exitCodeOf(thrown);
  }
}

function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  const error = JitneyError.from(thrown);
  process.stderr.write(`jitney: ${error.message}\n`);
  if (error.code === 'INTERNAL')
    process.stderr.write(`${error.cause instanceof Error ? error.cause.stack : error.stack}\n`);
  if (error.code === 'INVALID_CONFIG') return EXIT.config;
  return error.code === 'INVALID_MODEL' || error.code === 'MODEL_FAILED' ? EXIT.model : EXIT.failed;
}

process.title = process.argv[2] === 'bench' ? 'jitney bench' : 'jitney supervisor';
const code = await main(process.argv.slice(2));
// Whatever still holds the loop (a child that ends) must not hold the command.
process.exit(code);
