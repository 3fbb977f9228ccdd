/** The load generator is the server's, which `jitney bench` uses too. Its build is what is imported. */
export * from '../../../packages/server/dist/load/index.js';
