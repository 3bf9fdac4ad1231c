// The part of `doctor` that calls the API: whether the key works, and if not, the likely cause.
import { Attention, AttentionError } from "../../src/index.js";
import type { Check } from "../checks.js";
import type { GivenSecret } from "../given.js";
import { inspectKey, isFault } from "../rules.js";

const AREA = "Call";
/** The smallest response that every key may request. */
const PATH = "/conversations/list";
/** With a larger difference, servers begin to refuse dates in signatures and tokens. */
const SKEW = 60_000;

export async function checkCall(key: GivenSecret | undefined): Promise<Check[]> {
  if (key === undefined || isFault(inspectKey(key.secret.expose())))
    return [{ area: AREA, status: "notice", message: "no call was made, because there is no key" }, ...checkProxy()];
  const client = new Attention({ apiKey: key.secret.expose(), timeout: 20_000, maxRetries: 1 });
  const started = Date.now();
  try {
    const response = await client.get(PATH, { query: { page: 1, size: 1 } }).asResponse();
    await response.body?.cancel();
    const message = `GET ${PATH} with the key of ${key.origin} answered ${response.status} in ${Date.now() - started} ms`;
    return [{ area: AREA, status: "ok", message }, ...checkClock(response.headers), ...checkProxy()];
  } catch (error) {
    if (!(error instanceof AttentionError)) throw error;
    return [...explained(error, key), ...checkProxy()];
  }
}

/** The four causes in the API's documentation, with the evidence for each. */
function explained(error: AttentionError, key: GivenSecret): Check[] {
  const checks: Check[] = [{ area: AREA, status: "bad", message: `with the key of ${key.origin}: ${error.message}` }];
  for (const { cause, likelihood, reason } of error.diagnosis?.findings ?? []) {
    const status = likelihood === "ruled_out" ? "ok" : likelihood === "likely" ? "bad" : "warning";
    checks.push({ area: AREA, status, message: `${cause}: ${likelihood}; ${reason}` });
  }
  if (error.diagnosis !== undefined)
    checks.push({ area: AREA, status: "notice", message: `next: ${error.diagnosis.nextStep}` });
  return checks;
}

function checkClock(headers: Headers): Check[] {
  const date = Date.parse(headers.get("date") ?? "");
  const skew = Date.now() - date;
  if (Number.isNaN(skew) || Math.abs(skew) < SKEW) return [];
  const message = `this clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? "ahead of" : "behind"} the server's`;
  return [{ area: AREA, status: "warning", message, next: "set the clock, which decides whether a key has expired" }];
}

/** Node ignores these variables by default. */
function checkProxy(): Check[] {
  const name = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find((each) => process.env[each]);
  if (name === undefined || process.env["NODE_USE_ENV_PROXY"] === "1") return [];
  const message = `${name} is set, but Node's fetch ignores it`;
  return [
    {
      area: AREA,
      status: "notice",
      message,
      next: "set NODE_USE_ENV_PROXY=1 (Node 22.21, 24.5 and later), or use fetchOptions.dispatcher",
    },
  ];
}
