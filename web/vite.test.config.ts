import { readdirSync } from 'node:fs';

import { defineConfig } from 'vite';

const suffix = '.test.ts';
const tests = readdirSync('test').filter(name => name.endsWith(suffix)).map(name => [name.slice(0, -suffix.length), `test/${name}`]);

/** Turns the tests into modules that every supported version of node runs. */
export default defineConfig({
  build: {
    ssr: true,
    outDir: 'build-test',
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    rollupOptions: { input: Object.fromEntries(tests), output: { entryFileNames: '[name].test.js' } },
  },
});
