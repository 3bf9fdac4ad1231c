/** Sends a message to the super agent, and polls for the answer if it takes long. */

import * as check from "../call/check.js";
import { Deadline } from "../call/deadline.js";
import { aborted, hookTimeout } from "../call/driver.js";
import type { CallOptions } from "../call/options.js";
import { type Client, internals } from "../client.js";
import { errorOf } from "../errors/errors.js";
import { defaults } from "../runtime/rules.js";
import { stopwatch } from "../runtime/steady-clock.js";
import { isId } from "./id.js";
import type { BodyOf } from "./paths.js";
import type { components, operations } from "./schema.js";
import { about, quoted } from "./storage.js";

type Message = components["schemas"]["SuperAgentMessage"];

/** The options of waiting for an answer. */
export interface SendOptions extends Omit<CallOptions, "body" | "query"> {
  /** The timeout for the whole answer, in milliseconds. Default: 600,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds between two polls of the session. Default: 15,000 to 20,000, as the API recommends. */
  readonly pollInterval?: number | undefined;
  /** Called at each poll without an answer; awaited like every hook. */
  readonly onProgress?: ((progress: SendProgress) => unknown) | undefined;
}

/** The super agent has not answered yet. */
export interface SendProgress {
  /** The session id, by which the answer can be found later. */
  readonly sessionId: string;
  /** The session's messages so far; empty before the first poll. */
  readonly messages: readonly Message[];
  /** Milliseconds since the message was sent. */
  readonly elapsed: number;
}

/** The additional methods of a client's `superAgent`. */
export interface SuperAgentHelpers {
  /**
   * Sends a message and resolves to the answer. If the answer does not arrive at
   * once, the session is polled. Pass the answer's `session_id` with another
   * message to continue the conversation.
   */
  send(message: BodyOf<operations["sendSuperAgentMessage"]>, options?: SendOptions): Promise<Message>;
}

export function superAgentHelpers(client: Client): SuperAgentHelpers {
  return { send: (message, options) => send(client, message, options) };
}

async function send(client: Client, body: object, options: SendOptions = {}): Promise<Message> {
  check.check("superAgent.send", "options", options, check.members);
  const { timeout = 600_000, pollInterval, onProgress, idempotencyKey, ...rest } = check.plain(options);
  check.check("superAgent.send", "timeout", timeout, check.milliseconds);
  check.check("superAgent.send", "pollInterval", pollInterval, check.milliseconds);
  check.check("superAgent.send", "onProgress", onProgress, check.call);
  const { redact } = internals(client);
  const elapsed = stopwatch();
  const left = () => timeout - elapsed();
  const call = (method: string, path: string, more?: CallOptions) =>
    client
      .request(method, path, {
        ...rest,
        ...more,
        // Each call has the usual timeout, at most that of the answer.
        timeout: Math.min(defaults().timeout, Math.max(1, left())),
      })
      .then((answer) => (answer ?? {}) as Answer);

  const sent = await call("POST", "/super-agent/messages", { body, idempotencyKey });
  // The documentation shows two forms: an exchange, and the message alone.
  const atOnce = sent.assistant_message ?? (sent.role === "assistant" ? sent : undefined);
  if (atOnce !== undefined) return atOnce;
  const sessionId = sent.session_id;
  if (!isId(sessionId))
    throw errorOf({
      kind: "protocol",
      code: "session_missing",
      message: "the response has no `session_id` to wait for",
      attempts: 1,
    });

  for (let messages: readonly Message[] = []; ; ) {
    const deadline = new Deadline(rest.signal);
    try {
      deadline.limit(left());
      const told = (async () => onProgress?.({ sessionId, messages, elapsed: elapsed() }))();
      const isTold = (await deadline.within(told)) !== undefined;
      if (!isTold && !deadline.aborted) throw hookTimeout(1);
      await deadline.wait(Math.min(pollInterval ?? 15_000 + Math.random() * 5_000, Math.max(0, left())));
    } finally {
      deadline.end();
    }
    if (deadline.aborted) throw aborted(deadline.reason, 1, internals(client));
    if (left() <= 0) {
      throw errorOf({
        kind: "timeout",
        code: "answer_timeout",
        message: `the super agent did not answer within the timeout; session ${quoted(sessionId, redact)} may have the answer later`,
        attempts: 1,
      });
    }
    try {
      const seen = await call("GET", `/super-agent/sessions/${encodeURIComponent(sessionId)}/messages`);
      messages = Array.isArray(seen.messages) ? seen.messages : [];
    } catch (error) {
      throw about(error, "session", sessionId, redact);
    }
    const last = messages.at(-1);
    if (last?.role === "assistant") return last;
  }
}

/** The possible responses of the calls. */
interface Answer extends Message {
  readonly assistant_message?: Message;
  readonly messages?: readonly Message[];
}
