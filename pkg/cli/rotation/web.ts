// Requests to the users of the key: addresses that must return success, and a Worker's report of its keys.

const PATIENCE = 15_000;

export async function ask(url: URL, init: RequestInit = {}): Promise<Response | string> {
  try {
    return await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE), ...init });
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code;
    return `${url.host} does not answer${cause === undefined ? "" : ` (${cause})`}`;
  }
}

/** Why an address does not return success; undefined if it does. */
export async function answers(url: string, init: RequestInit = {}): Promise<string | undefined> {
  const asked = new URL(url);
  const answer = await ask(asked, init);
  if (typeof answer === "string") return answer;
  await answer.body?.cancel();
  return answer.ok ? undefined : `${asked.origin}${asked.pathname} answers ${answer.status}`;
}

/** A key in the response of `/readyz`. */
export interface ShownKey {
  readonly slot: string;
  readonly fingerprint: string;
  readonly inUse: boolean;
  readonly lastVerdict: string;
}

export interface Readiness {
  readonly status: number;
  readonly keys: readonly ShownKey[];
  readonly detail: string | undefined;
}

/** A Worker's report of its keys; a message if it does not answer. */
export async function readiness(base: URL): Promise<Readiness | string> {
  const answer = await ask(new URL("readyz", base));
  if (typeof answer === "string") return answer;
  const body = (await answer.json().catch(() => ({}))) as { keys?: readonly ShownKey[]; detail?: string };
  return { status: answer.status, keys: body.keys ?? [], detail: body.detail };
}
