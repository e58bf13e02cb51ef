import { defineConfig } from "vitest/config";

// The server (or dev/mock_server.mjs) that answers /api while `npm run dev` serves the pages.
const server = process.env["WEIR_URL"] ?? "http://127.0.0.1:8086";

export default defineConfig({
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { "/api": { target: server, ws: true }, "/health": server } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
