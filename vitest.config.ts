import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The libraries' sources are tested as they are written; tests that start the shipped CLI use the build.
const conditions = ['jitney-source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages/*/{src,test},bench/src,examples,scripts,test}/**/*.test.ts'],
    pool: 'forks',
    // What tests bundle is not for the user's own cache.
    env: { XDG_CACHE_HOME: fileURLToPath(new URL('node_modules/.cache', import.meta.url)) },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
