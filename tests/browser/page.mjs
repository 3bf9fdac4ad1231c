// A page in headless Chromium that can import the packed package, and nothing else.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { packageFolder } from "../runtimes/packed.mjs";
import { startChromium } from "./chromium.mjs";

const TYPES = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".html": "text/html",
  ".wasm": "application/wasm",
};

/**
 * @param {import("node:test").TestContext} t closes everything at its end
 * @param {Record<string, string | URL | ((request: import("node:http").IncomingMessage, response:
 *   import("node:http").ServerResponse) => void)>} [files] path → text, the file that holds it, or a function that
 * answers
 * @returns the page, its console output with uncaught errors, and the server's address
 */
export async function openPage(t, files = {}) {
  const server = await serve({ "/": "<!doctype html><title>test</title><link rel=icon href=data:,>", ...files });
  t.after(() => server.close());
  const browser = await startChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const printed = [];
  page.on("console", (message) => printed.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => printed.push(`uncaught: ${error.stack}`));
  const url = `http://127.0.0.1:${server.address().port}`;
  await page.goto(url);
  return { page, printed, url, browser };
}

async function serve(files) {
  const dist = join(await packageFolder(), "dist");
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    const [, name] = /^\/attention\/([\w.-]+)$/.exec(pathname) ?? [];
    const held = name === undefined ? files[pathname] : join(dist, name);
    if (typeof held === "function") {
      held(request, response);
      return;
    }
    try {
      if (held === undefined) throw new Error("no such file");
      const content = name !== undefined || held instanceof URL ? await readFile(held) : held;
      response.setHeader("content-type", TYPES[extname(pathname)] ?? "text/html");
      // For the modules of frames that have no origin.
      if (name !== undefined) response.setHeader("access-control-allow-origin", "*");
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { close } = server;
  // Chromium keeps connections open, and the server would wait for them.
  server.close = () => {
    server.closeAllConnections();
    return close.call(server);
  };
  return server;
}
