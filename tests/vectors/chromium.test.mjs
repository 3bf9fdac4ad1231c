// The golden vectors in a real browser, through the packed package, without a bundler.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { startChromium } from "../browser/chromium.mjs";
import { packageFolder } from "../runtimes/packed.mjs";
import { harnessText, testVectors } from "./suite.mjs";

await testVectors("chromium", async (files) => {
  const site = await serve({
    "/": ["text/html", "<!doctype html><title>vectors</title>"],
    "/core.js": ["text/javascript", await readFile(join(await packageFolder(), "dist/core.js"))],
    "/harness.mjs": ["text/javascript", await harnessText()],
  });
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    return await page.evaluate(async (given) => {
      const [core, { runVectors }] = await Promise.all([import("/core.js"), import("/harness.mjs")]);
      return runVectors({ core, files: given });
    }, files);
  } finally {
    await browser.close();
    site.close();
  }
});

/** A page needs an origin to import modules from. */
async function serve(contents) {
  const server = createServer((request, response) => {
    const [type, body] = contents[request.url] ?? [];
    if (body === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
