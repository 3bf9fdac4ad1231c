/** A message to the super agent and the answer, which is polled for when it takes long. */

import * as check from "../call/check.js";
import { Deadline } from "../call/deadline.js";
import { aborted, hookTimeout } from "../call/driver.js";
import type { CallOptions } from "../call/options.js";
import { type Client, internals } from "../client.js";
import { errorOf } from "../errors/errors.js";
import { defaults } from "../runtime/rules.js";
import { SteadyClock } from "../runtime/steady-clock.js";
import type { BodyOf } from "./paths.js";
import type { components, operations } from "./schema.js";
import { about, isId } from "./storage.js";

type Message = components["schemas"]["SuperAgentMessage"];

/** How an answer is waited for. */
export interface SendOptions extends Omit<CallOptions, "body" | "query"> {
  /** For the answer as a whole, in milliseconds. Default: 600,000. */
  readonly timeout?: number | undefined;
  /** Between two looks at the session, in milliseconds. Default: 15,000 to 20,000, as the API asks for. */
  readonly pollInterval?: number | undefined;
  /** Told when the answer is not there yet, each time, and waited for as every hook is. */
  readonly onProgress?: ((progress: SendProgress) => unknown) | undefined;
}

/** The super agent is still at it. */
export interface SendProgress {
  /** To find the answer by, should nobody wait for it any longer. */
  readonly sessionId: string;
  /** What the session has so far; none before the first look. */
  readonly messages: readonly Message[];
  /** Since the message was sent, in milliseconds. */
  readonly elapsed: number;
}

/** What a client's `superAgent` has besides the operations. */
export interface SuperAgentHelpers {
  /**
   * Sends a message and resolves to the answer, however long it takes: the
   * session is polled when it does not come at once. The answer's `session_id`,
   * handed in with another message, goes on with the conversation.
   */
  send(message: BodyOf<operations["sendSuperAgentMessage"]>, options?: SendOptions): Promise<Message>;
}

export function superAgentHelpers(client: Client): SuperAgentHelpers {
  return { send: (message, options) => send(client, message, options) };
}

async function send(client: Client, body: object, options: SendOptions = {}): Promise<Message> {
  check.check("superAgent.send", "options", options, check.members);
  const { timeout = 600_000, pollInterval, onProgress, idempotencyKey, ...rest } = options;
  check.check("superAgent.send", "timeout", timeout, check.milliseconds);
  check.check("superAgent.send", "pollInterval", pollInterval, check.milliseconds);
  check.check("superAgent.send", "onProgress", onProgress, check.call);
  const clock = new SteadyClock();
  const started = clock.now();
  const elapsed = () => clock.now() - started;
  const left = () => timeout - elapsed();
  const call = (method: string, path: string, more?: CallOptions) =>
    client
      .request(method, path, {
        ...rest,
        ...more,
        // A single one of the calls is waited for as any other is, and no longer than the answer.
        timeout: Math.min(defaults().timeout, Math.max(1, left())),
      })
      .then((answer) => (answer ?? {}) as Answer);

  const sent = await call("POST", "/super-agent/messages", { body, idempotencyKey });
  // One copy of the page has an exchange as the answer, the other the message alone.
  const atOnce = sent.assistant_message ?? (sent.role === "assistant" ? sent : undefined);
  if (atOnce !== undefined) return atOnce;
  const sessionId = sent.session_id;
  if (!isId(sessionId))
    throw errorOf({
      kind: "protocol",
      code: "session_missing",
      message: "the answer names no session to wait for",
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
        message: `the super agent has not answered within the timeout; session ${sessionId} may have the answer later`,
        attempts: 1,
      });
    }
    try {
      const seen = await call("GET", `/super-agent/sessions/${encodeURIComponent(sessionId)}/messages`);
      messages = Array.isArray(seen.messages) ? seen.messages : [];
    } catch (error) {
      throw about(error, "session", sessionId);
    }
    const last = messages.at(-1);
    if (last?.role === "assistant") return last;
  }
}

/** What the calls may answer. */
interface Answer extends Message {
  readonly assistant_message?: Message;
  readonly messages?: readonly Message[];
}
