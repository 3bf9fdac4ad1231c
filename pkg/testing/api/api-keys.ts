/** The key administration: what it makes works at once, what it deletes stops at once. */

import { json } from "../answer.js";
import type { KeyStore, MockKey } from "../keys.js";
import { Refused, type Route } from "./route.js";

export function apiKeyRoutes(keys: KeyStore): readonly Route[] {
  return [
    { method: "GET", path: "/api_keys", answer: () => json(keys.list().map(shown)) },
    {
      method: "POST",
      path: "/api_keys",
      async answer(call) {
        const { name, orgLevel } = await call.object({ name: "string!", orgLevel: "boolean!" });
        const made = keys.create({
          name: name as string,
          level: orgLevel === true ? "organization" : "user",
          userUUID: call.key.userUUID,
        });
        return json(shown(made), 201);
      },
    },
    {
      // Deletion is documented for the application and the MCP tool; this path is a guess.
      method: "DELETE",
      path: "/api_keys/{id}",
      answer(call) {
        const key = keys.list().find(({ id }) => id === call.param("id"));
        if (key === undefined) throw new Refused(404, "There is no such API key");
        keys.delete(key.id);
        return new Response(null, { status: 204 });
      },
    },
  ];
}

/** The list tells the values too, as the real one does: that is why no proxy should pass it on. */
function shown({ id, name, organizationUUID, userUUID, value, lastSeenAt }: MockKey): object {
  return { id, name, organizationUUID, userUUID, value, ...(lastSeenAt !== null && { lastSeenAt }) };
}
