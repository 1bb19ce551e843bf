import { defineConfig } from 'vite';

/** Turns the tests into modules that every supported version of node runs. */
export default defineConfig({
  build: {
    ssr: true,
    outDir: 'build-test',
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    rollupOptions: { input: { driver: 'test/driver.test.ts', parse: 'test/parse.test.ts' }, output: { entryFileNames: '[name].test.js' } },
  },
});
