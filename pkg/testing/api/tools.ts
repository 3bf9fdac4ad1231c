/** Questions to conversations, and snippets of them. */

import { json } from "../answer.js";
import { Refused, type Route } from "./route.js";
import type { Conversation, World } from "./world.js";

export function toolRoutes(world: World): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/ask_attention/v2",
      async answer(call) {
        const body = await call.object({ prompt: "string!", conversations_ids: "array", deal_id: "string" });
        const ids = ((body.conversations_ids ?? []) as unknown[]).map(String);
        const deal = String(body.deal_id ?? "");
        if (ids.length > 0 && deal !== "") throw new Refused(400, "conversations_ids and deal_id exclude each other");
        // The status of this one is not documented; a public client saw a 500.
        if (ids.length === 0 && deal === "") throw new Refused(500, "conversations_ids or deal_id is needed");
        const timestamps = call.query.get("include_timestamps") === "true";
        const asked =
          deal === ""
            ? ids
            : world.conversations.filter(({ attributes }) => attributes.dealUUID === deal).map(({ id }) => id);
        return json(
          asked.map((id) => {
            const found = world.conversations.find((each) => each.id === id);
            // One that fails does so in its own element: the answer as a whole succeeds.
            if (found === undefined)
              return { output: "", conversation_id: id, error: "conversation not found", segments: [] };
            return {
              output: `Invented answer about ${found.attributes.title}`,
              conversation_id: id,
              error: "",
              segments: timestamps ? segments(found) : [],
            };
          }),
        );
      },
    },
    {
      method: "POST",
      path: "/snippets",
      async answer(call) {
        const body = await call.object({
          user_uuid: "string!",
          conversation_id: "string!",
          video: "object!",
          internal: "boolean!",
          notify_views: "boolean!",
        });
        if (!world.conversations.some(({ id }) => id === body.conversation_id)) {
          throw new Refused(404, "There is no such conversation");
        }
        const id = world.dice.uuid();
        const code = `fake-share-code-${id.slice(0, 8)}`;
        return json(
          { id, url: `https://app.attention-mock.example/snippets/${id}?code=${code}`, share_code: code },
          201,
        );
      },
    },
  ];
}

function segments({ attributes }: Conversation): object[] {
  const { final = [] } = (attributes.transcript ?? {}) as {
    final?: { sentence: string; startTimestamp: number; endTimestamp: number }[];
  };
  return final.slice(1, 3).map(({ sentence, startTimestamp, endTimestamp }) => ({
    start_sec: startTimestamp,
    end_sec: endTimestamp,
    text: sentence,
  }));
}
