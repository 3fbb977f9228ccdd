#!/usr/bin/env node
import module from 'node:module';
import { requireNode } from './node-version.js';

requireNode();
keepCompiledCode();
await import('../dist/cli/main.js');

/**
 * From Node 22.8 on, compiled code is kept on disk: with Node 22.23 that takes 5 ms from the command's 68 and 11 ms from
 * the 101 a gateway needs to be imported.
 */
function keepCompiledCode() {
  /** @type {typeof module & { enableCompileCache?: () => { directory?: string } }} */
  const { enableCompileCache } = module;
  const directory = enableCompileCache?.().directory;
  // Gateways and hosts are children and inherit it.
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE = directory;
}
