// `keys list | audit | create`: the organisation's keys.
import { Attention, AttentionError } from "../../src/index.js";
import { findEnvFiles, readEnvFile } from "../env-files.js";
import { required, type SecretOptions } from "../given.js";
import type { Exit } from "../outcome.js";
import { Failed } from "../outcome.js";
import { replaceFile } from "../private-file.js";
import { runShell } from "../programs.js";
import { keysIn } from "../project-keys.js";
import { auditKeys, type KeyUse, type ListedKey, mustBeKey, readCreated, readKeys } from "../rules.js";
import { Secret } from "../secret.js";
import { progress, say, table, tell, tinted } from "../terminal.js";

export interface KeysOptions extends SecretOptions {
  readonly json?: boolean | undefined;
  readonly name?: string | undefined;
  readonly "org-level"?: boolean | undefined;
  readonly "to-file"?: string | undefined;
  readonly "to-command"?: string | undefined;
}

const QUESTION = "An API key of an Admin";

/** A client with the given key. */
export async function clientOf(options: SecretOptions): Promise<Attention> {
  const { secret, origin } = await required(options, "ATTENTION_API_KEY", QUESTION);
  mustBeKey(secret, origin);
  return new Attention({ apiKey: secret.expose() });
}

/** Makes a call, and converts its errors to exits of this program. */
export async function called<T>(call: () => PromiseLike<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof AttentionError)) throw error;
    const isRefusal = error.status === 401 || error.status === 403;
    throw new Failed(isRefusal ? "refused" : "api", error.message, error.diagnosis?.nextStep);
  }
}

/** The raw response. It contains keys, which only the rules read; they store none. */
async function listOf(client: Attention): Promise<string> {
  const response = await called(() => client.get("/api_keys").asResponse());
  return response.text();
}

export async function runKeysList(options: KeysOptions): Promise<Exit> {
  const client = await clientOf(options);
  const keys = readKeys(await progress("calling the API", () => listOf(client)));
  if (options.json === true) {
    tell({ keys });
    return "ok";
  }
  table(
    ["NAME", "FINGERPRINT", "LEVEL", "LAST SEEN", "EXPIRES", "ID"],
    keys.map((key) => [
      key.name,
      key.fingerprint ?? key.value,
      key.userUUID === null ? "organisation?" : "user",
      day(key.lastSeenAt, "never"),
      day(key.claims?.expiresAt, key.claims === null ? "unknown" : "never"),
      key.id,
    ]),
  );
  return "ok";
}

const day = (millis: number | null | undefined, none: string) =>
  typeof millis === "number" ? new Date(millis).toISOString().slice(0, 10) : none;

export async function runKeysAudit(options: KeysOptions): Promise<Exit> {
  const client = await clientOf(options);
  const uses = await usesHere(process.cwd());
  const findings = auditKeys(await progress("calling the API", () => listOf(client)), uses);
  const isSerious = findings.some(({ severity }) => severity !== "notice");
  if (options.json === true) tell({ uses, findings });
  else {
    for (const { severity, message, nextStep } of findings) {
      const tone = severity === "critical" ? "bad" : severity;
      say(`${tinted(tone, severity.padEnd(8))} ${message}`);
      say(`         ${tinted("soft", `next: ${nextStep}`)}`);
    }
    if (findings.length === 0) say(tinted("good", "no key needs attention"));
  }
  return isSerious ? "found" : "ok";
}

/** The keys in this project's files, once per environment. */
async function usesHere(root: string): Promise<KeyUse[]> {
  const files = await findEnvFiles(root);
  const lines = (await Promise.all(files.map((file) => readEnvFile(root, file)))).flat();
  const uses: KeyUse[] = [];
  for (const { environment, fingerprint } of keysIn(lines)) {
    if (!uses.some((use) => use.environment === environment && use.fingerprint === fingerprint))
      uses.push({ environment, fingerprint, by: "service" });
  }
  return uses;
}

export async function runKeysCreate(options: KeysOptions): Promise<Exit> {
  const { name, "to-file": file, "to-command": command } = options;
  if (name === undefined || name === "")
    throw new Failed("usage", "--name is missing: a key needs a name, such as reports-2027");
  if ((file === undefined) === (command === undefined))
    throw new Failed("usage", "give --to-file FILE or --to-command 'COMMAND': the key is not printed");
  const client = await clientOf(options);
  const taken = readKeys(await listOf(client)).find((key) => key.name === name);
  if (taken !== undefined)
    throw new Failed(
      "usage",
      `a key named ${name} exists (id ${taken.id})`,
      "choose another name, or delete that key in the app",
    );
  const { key, value } = await create(client, name, options["org-level"] === true);
  if (value === undefined)
    throw new Failed(
      "api",
      `the key ${name} exists (id ${key.id}), but the API did not return its value`,
      "delete it in the app",
    );
  await (file === undefined ? intoCommand(command!, value) : replaceFile(file, `${value.expose()}\n`)).catch(
    (error: unknown) => {
      if (!(error instanceof Failed)) throw error;
      const why = error.message;
      throw new Failed(
        "api",
        `the key ${name} was created (id ${key.id}), but could not be delivered: ${why}`,
        "delete it in the app, then try again",
      );
    },
  );
  if (options.json === true) tell({ key });
  else
    say(`The key ${tinted("strong", name)} (${key.fingerprint}, id ${key.id}) is in ${file ?? "the command's store"}.`);
  return "ok";
}

interface Created {
  readonly key: ListedKey;
  readonly value: Secret | undefined;
}

/** Sent once: if the response is lost, the list shows whether a key was created. */
async function create(client: Attention, name: string, orgLevel: boolean): Promise<Created> {
  let answer: string;
  try {
    const response = await client.post("/api_keys", { body: { name, orgLevel }, maxRetries: 0 }).asResponse();
    answer = await response.text();
  } catch (error) {
    if (!(error instanceof AttentionError)) throw error;
    const isLost = error.status === undefined || error.status >= 500;
    const made = isLost ? readKeys(await listOf(client)).find((key) => key.name === name) : undefined;
    if (made !== undefined)
      throw new Failed(
        "api",
        `the response was lost, but a key named ${name} exists now (id ${made.id})`,
        "delete it in the app, then try again",
      );
    return called(() => Promise.reject(error));
  }
  const { value } = JSON.parse(answer) as { value?: unknown };
  return { key: readCreated(answer), value: typeof value === "string" && value !== "" ? new Secret(value) : undefined };
}

/** The command reads the secret from its standard input, without a line break. */
async function intoCommand(command: string, secret: Secret): Promise<void> {
  const ended = await runShell(command, { input: secret });
  if (ended.kind === "late") throw new Failed("api", `the command did not end within ${ended.seconds} s`);
  if (ended.kind === "badly")
    throw new Failed("api", `the command ${ended.reason}${ended.said === "" ? "" : `: ${ended.said.slice(-300)}`}`);
}
