/** Key administration: new keys work at once, deleted ones stop at once. */

import type { KeyStore, MockKey } from "../keys.js";
import { type Call, Refused, type Route } from "./route.js";

export function apiKeyRoutes(keys: KeyStore): readonly Route[] {
  const remove = (call: Call, wanted: unknown, ways: readonly string[]) => {
    if (!ways.includes(call.guesses.keyDeletion))
      throw new Refused(404, "The mock is set to another way of deleting keys");
    const key = keys.list().find(({ id }) => id === wanted);
    if (key === undefined) throw new Refused(404, "API key not found");
    keys.delete(key.id);
  };
  return [
    { method: "GET", path: "/api_keys", answer: () => keys.list().map(shown) },
    {
      method: "POST",
      path: "/api_keys",
      answer({ body: { name, orgLevel }, key }) {
        const made = keys.create({
          name: name as string,
          level: orgLevel === true ? "organization" : "user",
          userUUID: key.userUUID,
        });
        return shown(made);
      },
    },
    {
      // The operation exists; how it identifies the key is not documented.
      method: "DELETE",
      path: "/api_keys",
      guessedQuery: ["id"],
      answer: (call) => remove(call, call.query.get("id"), ["any", "query"]),
    },
    {
      // A guess: no source has this path.
      method: "DELETE",
      path: "/api_keys/{id}",
      answer: (call) => remove(call, call.param("id"), ["any", "path"]),
    },
  ];
}

/** The list contains the keys' values, like the real one; therefore no proxy should pass it on. */
function shown({ id, name, organizationUUID, userUUID, value, lastSeenAt }: MockKey): object {
  return { id, name, organizationUUID, userUUID, value, ...(lastSeenAt !== null && { lastSeenAt }) };
}
