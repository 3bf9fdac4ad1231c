// Starts Chromium for the tests.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/**
 * A browser in a container has no user namespaces, and runs no foreign code here. It must make no requests of its
 * own.
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

/** The browser in CHROME, else the system's, else playwright's. */
export function startChromium() {
  const executablePath =
    process.env.CHROME || ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  return chromium.launch({ executablePath, args: ARGUMENTS });
}
