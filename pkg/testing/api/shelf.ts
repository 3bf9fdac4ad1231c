/** Things that are listed, made, read, changed and deleted, all in the same way. */

import { json } from "../answer.js";
import { type Call, type Fields, type JsonObject, Refused, type Route } from "./route.js";

/** One kind of such things. */
export interface Shelf {
  /** The path of the list; one of them is below it. */
  readonly path: string;
  /** The path's name for the identifier, as in `/labels/{id}`. */
  readonly param: string;
  /** The field that holds the identifier. */
  readonly key: string;
  /** What a new one takes. A change takes the same, none of it required. */
  readonly fields: Fields;
  /** The things themselves, which may hang on another one of the path. */
  items(call: Call): JsonObject[];
  /** What a new one has besides the body it was made from. */
  make(call: Call, body: JsonObject): JsonObject;
  /** The list as answered. Default: `{ data }`. */
  list?(items: readonly JsonObject[], call: Call): object;
  /** The new one as answered. Default: `{ data }`. */
  made?(item: JsonObject): object;
}

export function shelfRoutes(shelf: Shelf): readonly Route[] {
  const { path, items } = shelf;
  const one = `${path}/{${shelf.param}}` as const;
  const change = Object.fromEntries(
    Object.entries(shelf.fields).map(([name, type]) => [name, type.replace("!", "")]),
  ) as Fields;
  const find = (call: Call) => {
    const id = call.param(shelf.param);
    const index = items(call).findIndex((item) => item[shelf.key] === id);
    if (index < 0) throw new Refused(404, `There is nothing with that identifier in ${path}`);
    return index;
  };
  return [
    { method: "GET", path, answer: (call) => json(shelf.list?.(items(call), call) ?? { data: items(call) }) },
    {
      method: "POST",
      path,
      async answer(call) {
        const shelved = items(call);
        const body = known(await call.object(shelf.fields), shelf.fields);
        const item = { ...shelf.make(call, body), ...body };
        shelved.push(item);
        return json(shelf.made?.(item) ?? { data: item }, 201);
      },
    },
    { method: "GET", path: one, answer: (call) => json({ data: items(call)[find(call)] }) },
    {
      method: "PATCH",
      path: one,
      async answer(call) {
        const item = items(call)[find(call)]!;
        return json({ data: Object.assign(item, known(await call.object(change), change)) });
      },
    },
    {
      method: "DELETE",
      path: one,
      answer(call) {
        items(call).splice(find(call), 1);
        return new Response(null, { status: 204 });
      },
    },
  ];
}

/** The body without what is not the thing's, and without nulls: they mean "as it was". */
function known(body: JsonObject, fields: Fields): JsonObject {
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => value !== null && Object.hasOwn(fields, name)),
  );
}
