import { defineConfig } from 'vite';

export default defineConfig({
  base: './', // the page may be at any path of a proxy
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../internal/web/page',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content security policy knows no data: addresses
    cssCodeSplit: false,
    chunkSizeWarningLimit: 600, // kB before compression; test/page has the limit that counts
    license: { fileName: 'licenses.txt' }, // of the packages in the page, which ask for it
    rollupOptions: {
      input: 'index.html',
      // Names without hashes: the server has browsers ask whether a file has changed.
      output: { entryFileNames: 'page.js', chunkFileNames: '[name].js', assetFileNames: '[name][extname]' },
    },
  },
});
