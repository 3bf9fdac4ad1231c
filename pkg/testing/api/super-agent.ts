/** The super agent: an immediate answer, or 202 and a session to poll. */

import { integer } from "./paging.js";
import { iso } from "./random.js";
import { Answered, type Call, Refused, type Route } from "./route.js";
import type { World } from "./world.js";

interface Message {
  readonly id: string;
  readonly session_id: string;
  readonly content: string;
  readonly role: "user" | "assistant";
  readonly timestamp: string;
  readonly metadata: object;
}

interface Session {
  readonly id: string;
  readonly userUUID: string;
  readonly title: string;
  readonly createdAt: number;
  readonly messages: { readonly message: Message; readonly at: number }[];
}

/** `thinkingMs`: the time until the answer; above 0, the response is 202. */
export function superAgentRoutes(world: World, thinkingMs: number): readonly Route[] {
  const sessions: Session[] = [];
  const own = (call: Call, id: unknown) => {
    // A session belongs to its user; for others it does not exist.
    const found = sessions.find((session) => session.id === id && session.userUUID === call.key.userUUID);
    if (found === undefined) throw new Refused(404, "Session not found");
    return found;
  };
  const opened = (call: Call, title: string) => {
    const session: Session = {
      id: world.dice.uuid(),
      userUUID: call.key.userUUID,
      title,
      createdAt: call.now,
      messages: [],
    };
    sessions.push(session);
    return session;
  };
  const say = (session: Session, role: Message["role"], content: string, at: number) => {
    const message = { id: world.dice.uuid(), session_id: session.id, content, role, timestamp: iso(at), metadata: {} };
    session.messages.push({ message, at });
    return message;
  };

  return [
    {
      method: "POST",
      path: "/super-agent/messages",
      answer(call) {
        const { content, session_id } = call.body;
        const text = String(content);
        const session = session_id === undefined ? opened(call, text.slice(0, 60)) : own(call, session_id);
        const user_message = say(session, "user", text, call.now);
        const assistant_message = say(session, "assistant", `Invented answer to: ${text}`, call.now + thinkingMs);
        return thinkingMs > 0
          ? new Answered(202, { session_id: session.id })
          : { session_id: session.id, user_message, assistant_message };
      },
    },
    {
      method: "GET",
      path: "/super-agent/sessions",
      answer(call) {
        const mine = sessions.filter(({ userUUID }) => userUUID === call.key.userUUID).reverse();
        const limit = integer(call.query, "limit", 50);
        return { sessions: mine.slice(0, limit).map((session) => summary(session, call.now)) };
      },
    },
    {
      method: "GET",
      path: "/super-agent/sessions/{sessionId}/messages",
      answer(call) {
        const session = own(call, call.param("sessionId"));
        const said = session.messages.filter(({ at }) => at <= call.now);
        const { title, status } = summary(session, call.now);
        return { session_id: session.id, title, status, messages: said.map(({ message }) => message) };
      },
    },
    {
      method: "DELETE",
      path: "/super-agent/sessions/{sessionId}",
      answer(call) {
        sessions.splice(sessions.indexOf(own(call, call.param("sessionId"))), 1);
      },
    },
  ];
}

function summary({ id, title, createdAt, messages }: Session, now: number) {
  const last = messages.at(-1)?.at ?? createdAt;
  return {
    id,
    session_id: id,
    title,
    status: last <= now ? "COMPLETED" : "ACTIVE",
    created_at: iso(createdAt),
    updated_at: iso(Math.min(last, now)),
  };
}
