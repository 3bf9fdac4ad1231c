// The part of `doctor` that calls the API: does the key work, and if not, which of the causes is it.
import { Attention, AttentionError } from "../../src/index.js";
import type { Check } from "../checks.js";
import type { GivenSecret } from "../given.js";
import { inspectKey, isFault } from "../rules.js";

const AREA = "Call";
/** The smallest answer that any key may have. */
const PATH = "/conversations/list";
/** Beyond, dates in signatures and tokens begin to be refused. */
const SKEW = 60_000;

export async function checkCall(key: GivenSecret | undefined): Promise<Check[]> {
  if (key === undefined || isFault(inspectKey(key.secret.expose())))
    return [{ area: AREA, status: "notice", message: "without a key, no call is made" }, ...checkProxy()];
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

/** The four causes that the API's page names, with what is known of each. */
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
  return [{ area: AREA, status: "warning", message, next: "set the clock: expiries are judged by it" }];
}

/** Node takes no notice of these unless it is told to. */
function checkProxy(): Check[] {
  const name = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find((each) => process.env[each]);
  if (name === undefined || process.env["NODE_USE_ENV_PROXY"] === "1") return [];
  const message = `${name} is set, and Node's fetch does not use it`;
  return [
    { area: AREA, status: "notice", message, next: "NODE_USE_ENV_PROXY=1 on Node 24, or fetchOptions.dispatcher" },
  ];
}
