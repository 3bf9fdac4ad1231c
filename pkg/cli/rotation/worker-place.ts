// A Worker whose keys are its secrets. The Worker itself reports which key it uses.
import { given } from "../given.js";
import { Failed } from "../outcome.js";
import type { Secret } from "../secret.js";
import type { WorkerPlace, WorkerView } from "./config.js";
import { type Outcome, outcome, type Slot } from "./steps.js";
import { answers, ask, readiness } from "./web.js";
import { judged, wrangler } from "./wrangler.js";

const NAMES: Readonly<Record<Slot, string>> = { current: "ATTENTION_API_KEY", next: "ATTENTION_API_KEY_NEXT" };

const running = ({ folder, seconds }: WorkerPlace) => ({ folder, seconds });
const environment = (place: WorkerPlace) => (place.environment === undefined ? [] : ["--env", place.environment]);

export async function deliver(place: WorkerPlace, slot: Slot, key: Secret): Promise<Outcome> {
  const args = ["secret", "put", NAMES[slot], ...environment(place)];
  return judged("wrangler", await wrangler(args, { ...running(place), input: key }), "delivered");
}

/** Deletes the second secret if it exists, since wrangler fails otherwise, and then checks that it is gone. */
export async function clearNext(place: WorkerPlace): Promise<Outcome> {
  const before = await hasNext(place);
  if (typeof before !== "boolean") return before;
  if (!before) return outcome("cleared");
  const args = ["secret", "delete", NAMES.next, ...environment(place)];
  const deleted = judged("wrangler", await wrangler(args, running(place)), "cleared");
  if (deleted.report.kind !== "cleared") return deleted;
  const after = await hasNext(place);
  if (typeof after !== "boolean") return after;
  return after ? outcome("failed", `wrangler succeeded but did not delete ${NAMES.next}`) : deleted;
}

async function hasNext(place: WorkerPlace): Promise<boolean | Outcome> {
  const listed = await wrangler(["secret", "list", ...environment(place)], running(place));
  if (listed.kind !== "well") return judged("wrangler", listed, "cleared");
  const names = namesIn(listed.output);
  if (names === undefined) return outcome("failed", "`wrangler secret list` did not print a list");
  return names.includes(NAMES.next);
}

function namesIn(output: string): string[] | undefined {
  try {
    // Older versions print their name first.
    const list = JSON.parse(output.slice(output.indexOf("["))) as readonly { name: string }[];
    return list.map(({ name }) => name);
  } catch {
    return undefined;
  }
}

/** Checks the fingerprint in `/readyz`, and makes a call through the Worker if there is a token. */
export async function verify(view: WorkerView, slot: Slot, fingerprint: string): Promise<Outcome> {
  const base = new URL("/", view.url);
  const ready = await readiness(base);
  if (typeof ready === "string") return outcome("not_verified", ready);
  const { status, keys } = ready;
  if (status !== 200) return outcome("not_verified", `${base.host}/readyz answers ${status}`);
  // If both slots have the same key, it is shown once, as the first.
  const found = keys.find((key) => key.fingerprint === fingerprint && (slot === "next" || key.slot === "current"));
  if (found === undefined)
    return outcome("not_verified", `${base.host} does not have ${fingerprint} as its ${slot} key yet`);
  if (found.lastVerdict === "refused")
    return outcome("not_verified", `the API refuses ${fingerprint} when ${base.host} uses it`);
  if (slot === "current" && !found.inUse)
    return outcome("not_verified", `${base.host} does not use ${fingerprint} yet`);
  const why =
    slot === "next" && !found.inUse ? await probed(base, view.adminTokenFrom) : await called(base, view.tokenFrom);
  return why === undefined ? outcome("verified") : outcome("not_verified", why);
}

/** Lets the Worker test its second key, as its operator. */
async function probed(base: URL, tokenFrom: string | undefined): Promise<string | undefined> {
  if (tokenFrom === undefined) return undefined;
  const token = await tokenOf(tokenFrom, "adminTokenFrom");
  if (typeof token === "string") return token;
  const headers = { authorization: `Bearer ${token.secret.expose()}` };
  const answer = await ask(new URL("admin/keys/next/test", base), { method: "POST", headers });
  if (typeof answer === "string") return answer;
  const { verdict } = (await answer.json().catch(() => ({}))) as { verdict?: string };
  return verdict === "accepted" ? undefined : `${base.host} tested its next key: ${verdict ?? answer.status}`;
}

/** Makes a call as one of its callers. */
async function called(base: URL, tokenFrom: string | undefined): Promise<string | undefined> {
  if (tokenFrom === undefined) return undefined;
  const token = await tokenOf(tokenFrom, "tokenFrom");
  if (typeof token === "string") return token;
  const headers = { authorization: `Bearer ${token.secret.expose()}` };
  return answers(new URL("v2/conversations/list?page=1&size=1", base).href, { headers });
}

/** A token, or the reason why there is none, which is reported although it is not the place's fault. */
async function tokenOf(command: string, member: "tokenFrom" | "adminTokenFrom") {
  try {
    return (await given({ "key-from": command }, ""))!;
  } catch (error) {
    if (error instanceof Failed) return error.message.replace("--key-from", member);
    throw error;
  }
}
