// What InfluxData's Flux language server finds wrong with scripts: reads a JSON list of scripts from
// standard input, writes for each the list of errors [line, column, message] (1-based).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The package is made for bundlers, which link WebAssembly themselves.
async function load() {
  const home = path.dirname(createRequire(import.meta.url).resolve('@influxdata/flux-lsp-browser/package.json'));
  let glue = fs.readFileSync(path.join(home, 'flux-lsp-browser_bg.js'), 'utf8');
  glue = glue.replace(/^import \* as wasm from .*$/m, 'let wasm;\nexport function setWasm(w) { wasm = w; }');
  const views = glue.lastIndexOf('cachedInt32Memory0 = new Int32Array(wasm.memory.buffer);');
  glue = `${glue.slice(0, views)}export function makeViews() {\n${glue.slice(views)}\n}\n`;
  const copy = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'flux-oracle-')), 'glue.mjs');
  fs.writeFileSync(copy, glue);
  const library = await import(pathToFileURL(copy));
  fs.rmSync(path.dirname(copy), { recursive: true });
  const module = new WebAssembly.Module(fs.readFileSync(path.join(home, 'flux-lsp-browser_bg.wasm')));
  const imports = {};
  for (const one of WebAssembly.Module.imports(module)) (imports[one.module] ??= {})[one.name] = library[one.name];
  const instance = new WebAssembly.Instance(module, imports);
  library.setWasm(instance.exports);
  library.makeViews();
  instance.exports.__wbindgen_start?.();
  return library;
}

console.log = console.info = console.error;  // the server's own log
const { Lsp } = await load();
const found = new Map();
const server = new Lsp();
server.onMessage((text) => {
  const { method, params } = JSON.parse(text);
  if (method === 'textDocument/publishDiagnostics') found.set(params.uri, params.diagnostics);
});
server.run();
const send = (message) => server.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
await send({ id: 1, method: 'initialize', params: { capabilities: {} } });
await send({ method: 'initialized', params: {} });

const scripts = JSON.parse(fs.readFileSync(0, 'utf8'));
const answers = [];
for (const [index, text] of scripts.entries()) {
  const uri = `file:///${index}/main.flux`;
  await send({ method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'flux', version: 1, text } } });
  for (let turns = 0; !found.has(uri) && turns < 1000; turns++) await new Promise(setImmediate);
  if (!found.has(uri)) throw new Error(`no diagnostics for script ${index}`);
  await send({ method: 'textDocument/didClose', params: { textDocument: { uri } } });
  answers.push(found.get(uri).filter((one) => one.severity === 1)
    .map(({ range, message }) => [range.start.line + 1, range.start.character + 1, message]));
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
