// Chromium, as every test here starts it.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/**
 * A browser in a container has no user namespaces, and nothing here is foreign code; nor is it to ask for what no test
 * asks for.
 */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** The one that CHROME names, else the system's, else playwright's own. */
export function startChromium() {
  const executablePath =
    process.env.CHROME || ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  return chromium.launch({ executablePath, args: ARGUMENTS });
}
