// The picture of the status page in the README: `npm run picture` draws it anew, from made-up calls.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startChromium } from "../browser/chromium.mjs";
import { repo } from "./document.mjs";

const VIEW = { width: 1000, height: 872 };
export const PICTURE = join(repo, "docs/status.png");

/** The page, and what it looks like. */
export async function draw() {
  const cargo = ["run", "--quiet", "--package", "attention-gateway", "--example", "status_page"];
  const { stdout: html } = await promisify(execFile)("cargo", cargo, { cwd: repo, maxBuffer: 1 << 24 });
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: VIEW, colorScheme: "light" });
    await page.setContent(html);
    return { html, png: await page.screenshot() };
  } finally {
    await browser.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PICTURE, (await draw()).png);
