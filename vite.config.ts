import { readFileSync } from "node:fs";

import type { AcceptedPlugin } from "postcss";
import { build, defineConfig, type Plugin } from "vite";

const DIST = "src/linli/kit/static/linli/dist";
const TARGET = ["chrome90", "safari15", "firefox90"];

/** Tabler's source names its custom properties without a prefix; its own build adds one, and so do we. */
const tablerPrefix: AcceptedPlugin = {
  postcssPlugin: "linli-tabler-prefix",
  OnceExit(root) {
    const prefixed = (text: string) => text.replace(/(?<![\w-])--(?!tblr-|ll-)(?=[a-z])/g, "--tblr-");
    root.walkDecls((declaration) => {
      declaration.prop = prefixed(declaration.prop);
      declaration.value = prefixed(declaration.value);
    });
  },
};

/** One sprite of the icons named in frontend/icons.json; the manifest knows it under that path. */
function iconSprite(): Plugin {
  const list = "frontend/icons.json";
  return {
    name: "linli-icon-sprite",
    apply: "build",
    buildStart() {
      this.addWatchFile(list);
    },
    generateBundle() {
      const names = JSON.parse(readFileSync(list, "utf8")) as string[];
      const symbols = names.map((name) => {
        const svg = readFileSync(`node_modules/@tabler/icons/icons/outline/${name}.svg`, "utf8");
        const shapes = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
        return (
          `<symbol id="i-${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" ` +
          `stroke-linecap="round" stroke-linejoin="round">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`
        );
      });
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
      this.emitFile({ type: "asset", name: "icons.svg", originalFileName: list, source });
    },
  };
}

/** The service worker, in one file of a fixed name: an old browser's may not import another. */
function serviceWorker(): Plugin {
  return {
    name: "linli-service-worker",
    apply: "build",
    async closeBundle() {
      await build({
        configFile: false,
        logLevel: "error",
        publicDir: false,
        build: {
          outDir: DIST,
          emptyOutDir: false,
          target: TARGET,
          rolldownOptions: { input: "frontend/sw.ts", output: { format: "iife", entryFileNames: "sw.js" } },
        },
      });
    },
  };
}

// Hashes of twelve hex digits are what WhiteNoise can recognise as never changing.
export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [iconSprite(), serviceWorker()],
  css: {
    postcss: { plugins: [tablerPrefix] },
    preprocessorOptions: { scss: { loadPaths: ["node_modules"], quietDeps: true } },
  },
  build: {
    outDir: DIST,
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: false,
    assetsInlineLimit: 0,
    target: TARGET,
    rolldownOptions: {
      checks: { eval: false }, // htmx holds one eval behind allowEval, which page.html turns off
      input: ["frontend/main.ts", "frontend/map.ts", "frontend/charts.ts", "frontend/field.ts"],
      output: {
        hashCharacters: "hex",
        entryFileNames: "[name].[hash:12].js",
        chunkFileNames: "[name].[hash:12].js",
        assetFileNames: "[name].[hash:12][extname]",
      },
    },
  },
});
