// The part of `doctor` that checks a deployed Worker: whether it is ready, and whether a page and a caller may call it.
import type { Check } from "../checks.js";
import { given } from "../given.js";
import { Failed } from "../outcome.js";
import { ask, readiness } from "../rotation/web.js";

const AREA = "Worker";

export interface WorkerOptions {
  readonly origin?: string | undefined;
  readonly "token-from"?: string | undefined;
}

export async function checkWorker(address: string, options: WorkerOptions): Promise<Check[]> {
  const base = addressOf(address);
  const checks = [await checkHealth(base), await checkReadiness(base)];
  if (options.origin !== undefined) checks.push(await checkOrigin(base, options.origin));
  if (options["token-from"] !== undefined) checks.push(await checkCaller(base, options["token-from"]));
  return checks;
}

export function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:")
    throw new Failed("usage", "--worker takes the Worker's address, such as https://attention.example.com");
  return new URL("/", url);
}

async function checkHealth(base: URL): Promise<Check> {
  const answer = await ask(new URL("healthz", base));
  if (typeof answer === "string") return { area: AREA, status: "bad", message: answer };
  const isUp = answer.status === 200;
  return { area: AREA, status: isUp ? "ok" : "bad", message: `/healthz answers ${answer.status}` };
}

async function checkReadiness(base: URL): Promise<Check> {
  const ready = await readiness(base);
  if (typeof ready === "string") return { area: AREA, status: "bad", message: ready };
  const keys = ready.keys.map(
    ({ slot, fingerprint, inUse, lastVerdict }) => `${slot} ${fingerprint}${inUse ? ", in use" : ""}, ${lastVerdict}`,
  );
  const message = `/readyz answers ${ready.status}${keys.length > 0 ? `: ${keys.join("; ")}` : ` ${ready.detail ?? ""}`}`;
  return ready.status === 200
    ? { area: AREA, status: "ok", message }
    : { area: AREA, status: "bad", message, next: "the Worker's log has the reason, with the setting's name" };
}

/** Sends the preflight request that a browser sends for a page. */
async function checkOrigin(base: URL, origin: string): Promise<Check> {
  const headers = { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization" };
  const answer = await ask(new URL("v2/conversations/list", base), { method: "OPTIONS", headers });
  if (typeof answer === "string") return { area: AREA, status: "bad", message: answer };
  const allowed = answer.headers.get("access-control-allow-origin");
  return allowed === origin
    ? { area: AREA, status: "ok", message: `pages of ${origin} may call` }
    : {
        area: AREA,
        status: "bad",
        message: `pages of ${origin} may not call (${answer.status})`,
        next: `add exactly ${origin} to ATTENTION_ALLOWED_ORIGINS, without a trailing slash`,
      };
}

async function checkCaller(base: URL, command: string): Promise<Check> {
  const token = await given({ "key-from": command }, "");
  const headers = { authorization: `Bearer ${token!.secret.expose()}` };
  const answer = await ask(new URL("v2/conversations/list?page=1&size=1", base), { headers });
  if (typeof answer === "string") return { area: AREA, status: "bad", message: answer };
  const { code, detail } = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  return answer.ok
    ? { area: AREA, status: "ok", message: `the caller may read conversations (${answer.status})` }
    : { area: AREA, status: "bad", message: `the caller is refused: ${answer.status} ${code ?? ""}`, next: detail };
}
