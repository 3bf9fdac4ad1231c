// What a rotation asks of the API. Each is one request: what is to be repeated, the rotation's rules say.
import { Attention, AttentionError } from "../../src/index.js";
import { readCreated, readKeys } from "../rules.js";
import { Secret } from "../secret.js";
import { type Outcome, outcome } from "./steps.js";

const PATIENCE = 20_000;
/** The smallest answer that any key may have. */
const TRY_PATH = "/conversations/list";

const clientOf = (key: Secret) => new Attention({ apiKey: key.expose(), timeout: PATIENCE, maxRetries: 0 });

/** The list's text has values: it goes to the rules, which keep none. */
export async function list(key: Secret): Promise<Outcome> {
  return judged(async () => {
    const response = await clientOf(key).get("/api_keys").asResponse();
    return { report: { kind: "keys", list: await response.text() } };
  });
}

/** Asked for once: if the answer is lost, the list tells whether there is a key. */
export async function create(
  key: Secret,
  body: { name: string; orgLevel: boolean },
  keep: (value: Secret) => string | undefined,
): Promise<Outcome> {
  return judged(async () => {
    const response = await clientOf(key).post("/api_keys", { body }).asResponse();
    const answer = await response.text();
    const { id } = readCreated(answer);
    const { value } = JSON.parse(answer) as { value?: unknown };
    const fingerprint = typeof value === "string" && value !== "" ? keep(new Secret(value)) : undefined;
    return { report: { kind: "created", id, fingerprint: fingerprint ?? null } };
  });
}

/** Whether the API accepts a key. */
export async function tryKey(key: Secret): Promise<Outcome> {
  try {
    const response = await clientOf(key)
      .get(TRY_PATH, { query: { page: 1, size: 1 } })
      .asResponse();
    await response.body?.cancel();
    return outcome("accepted");
  } catch (error) {
    if (!(error instanceof AttentionError)) throw error;
    if (error.status === 401) return outcome("rejected", error.message);
    // Of whoever answers otherwise, the API has taken the key.
    if (error.status !== undefined && error.status < 500 && error.status !== 429) return outcome("accepted");
    return failure(error);
  }
}

/**
 * Deletes a key by the one form that names exactly one: how the API is told which, its public pages do not say, and a
 * form that it reads otherwise could delete another. What it does not take so, a person deletes in the app.
 */
export async function remove(id: string, key: Secret): Promise<Outcome> {
  try {
    await clientOf(key)
      .delete(`/api_keys/${encodeURIComponent(id)}`)
      .asResponse();
    return outcome("deleted");
  } catch (error) {
    if (!(error instanceof AttentionError)) throw error;
    const { status } = error;
    if (status === undefined || status === 429 || status >= 500) return failure(error);
    if (status !== 404) return outcome("denied", error.message);
  }
  // No such key, or no such path: the list knows.
  const listed = await list(key);
  if (listed.report.kind !== "keys") return listed;
  const isThere = readKeys(listed.report.list).some((each) => each.id === id);
  return isThere ? outcome("denied", "the API has no path that deletes this key") : outcome("not_found");
}

async function judged(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AttentionError) return failure(error);
    // The body that broke off, or that is not what was expected.
    return outcome("lost", error instanceof Error && error.name === "Failed" ? error.message : "the answer broke off");
  }
}

function failure(error: AttentionError): Outcome {
  const { status, retryAfter, message } = error;
  if (status === 429) return { report: { kind: "refused", retryMillis: retryAfter }, why: message };
  if (status === 401 || status === 403) return outcome("denied", message);
  // An error of the server may come after the work was done.
  return outcome(status === undefined || status >= 500 ? "lost" : "failed", message);
}
