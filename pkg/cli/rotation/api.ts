// A rotation's requests to the API. Each function sends one request; the rotation's rules decide about retries.
import { Attention, AttentionError } from "../../src/index.js";
import { readCreated, readKeys } from "../rules.js";
import { Secret } from "../secret.js";
import { type Outcome, outcome } from "./steps.js";

const PATIENCE = 20_000;
/** The smallest response that every key may request. */
const TRY_PATH = "/conversations/list";

const clientOf = (key: Secret) => new Attention({ apiKey: key.expose(), timeout: PATIENCE, maxRetries: 0 });

/** The list contains keys, which only the rules read; they store none. */
export async function list(key: Secret): Promise<Outcome> {
  return judged(async () => {
    const response = await clientOf(key).get("/api_keys").asResponse();
    return { report: { kind: "keys", list: await response.text() } };
  });
}

/** Sent once: if the response is lost, the list shows whether a key was created. */
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
    // Any other response means that the API accepted the key.
    if (error.status !== undefined && error.status < 500 && error.status !== 429) return outcome("accepted");
    return failure(error);
  }
}

/**
 * Deletes a key by the only form that names exactly one. The documentation does not say how to name the key, and a form
 * that the API reads differently could delete another key. If the API refuses this form, a person deletes it in the
 * app.
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
  // No such key, or no such path: the list decides.
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
    // The body broke off, or has an unexpected form.
    return outcome(
      "lost",
      error instanceof Error && error.name === "Failed" ? error.message : "the response broke off",
    );
  }
}

function failure(error: AttentionError): Outcome {
  const { status, retryAfter, message } = error;
  if (status === 429) return { report: { kind: "refused", retryMillis: retryAfter }, why: message };
  if (status === 401 || status === 403) return outcome("denied", message);
  // A server error may follow after the request was processed.
  return outcome(status === undefined || status >= 500 ? "lost" : "failed", message);
}
