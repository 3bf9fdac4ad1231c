/** Questions about conversations, snippets, and other derived results. */

import { Refused, type Route } from "./route.js";
import { textOf } from "./transcript.js";
import type { Conversation, World } from "./world.js";

export function toolRoutes(world: World): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/ask_attention/v2",
      answer({ body, query, guesses }) {
        const ids = (body.conversations_ids ?? []) as readonly string[];
        const deal = String(body.deal_id ?? "");
        if (ids.length > 0 && deal !== "") throw new Refused(400, "conversations_ids and deal_id exclude each other");
        if (ids.length === 0 && deal === "") {
          throw new Refused(guesses.noSubjectStatus, "conversations_ids or deal_id is required");
        }
        const timestamps = query.get("include_timestamps") === "true";
        const asked =
          deal === ""
            ? ids
            : world.conversations.filter(({ attributes }) => attributes.dealUUID === deal).map(({ id }) => id);
        return asked.map((id) => {
          const found = world.conversations.find((each) => each.id === id);
          // A failure is reported in its own element; the response as a whole is a success.
          if (found === undefined)
            return { output: "", conversation_id: id, error: "conversation not found", segments: [] };
          return {
            output: `Invented answer about ${found.attributes.title}`,
            conversation_id: id,
            error: "",
            segments: timestamps ? segments(found) : [],
          };
        });
      },
    },
    {
      method: "POST",
      path: "/snippets",
      answer({ body }) {
        if (!world.conversations.some(({ id }) => id === body.conversation_id)) {
          throw new Refused(404, "Conversation not found");
        }
        const id = world.dice.uuid();
        const code = `fake-share-code-${id.slice(0, 8)}`;
        return { id, url: `https://app.attention-mock.example/snippets/${id}?code=${code}`, share_code: code };
      },
    },
    ...UNREAD.map((route) => ({ ...route, answer: () => ({}) })),
  ];
}

/** Operations of which only the existence is known; they return an empty object. */
const UNREAD = [
  { method: "POST", path: "/ask_attention" },
  { method: "POST", path: "/create_deck" },
  { method: "POST", path: "/crm/query" },
  { method: "PUT", path: "/teams/{id}/opportunity" },
  { method: "GET", path: "/usageReport" },
  { method: "GET", path: "/connectionReport" },
  { method: "GET", path: "/integration-workflows" },
  { method: "GET", path: "/email-templates" },
  { method: "GET", path: "/calendar_events/{user_uuid}" },
] as const;

function segments({ transcript }: Conversation): object[] {
  return (transcript ?? []).slice(1, 3).map((turn) => ({
    start_sec: turn.words[0]?.startTimestamp,
    end_sec: turn.words.at(-1)?.endTimestamp,
    text: textOf(turn),
  }));
}
