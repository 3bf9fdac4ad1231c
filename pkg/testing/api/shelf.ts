/** Things that are listed, made, read, changed and deleted, all in the same way. */

import { page } from "./paging.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";

/** One kind of such things. */
export interface Shelf {
  /** The path of the list; one of them is below it. */
  readonly path: string;
  /** The path's name for the identifier, as in `/labels/{id}`. */
  readonly param: string;
  /** The field that holds the identifier. */
  readonly key: string;
  /** The things themselves, which may hang on another one of the path. */
  items(call: Call): JsonObject[];
  /** What a new one has besides the body it was made from. */
  make(call: Call): JsonObject;
  /** How many there are on a page. Default: the list comes whole. */
  readonly pageSize?: number;
  /** What is stored of a body. Default: the body. */
  stored?(body: JsonObject): JsonObject;
  /** The new one as answered. Default: `{ data }`. */
  made?(item: JsonObject): object;
}

export function shelfRoutes(shelf: Shelf): readonly Route[] {
  const { path, items, pageSize, stored = (body) => body } = shelf;
  const one = `${path}/{${shelf.param}}` as const;
  const find = (call: Call) => {
    const id = call.param(shelf.param);
    const index = items(call).findIndex((item) => item[shelf.key] === id);
    if (index < 0) throw new Refused(404, `There is nothing with that identifier in ${path}`);
    return index;
  };
  return [
    {
      method: "GET",
      path,
      answer: (call) => (pageSize === undefined ? { data: items(call) } : page(items(call), call.query, pageSize)),
    },
    {
      method: "POST",
      path,
      answer(call) {
        const shelved = items(call);
        const item = { ...shelf.make(call), ...given(stored(call.body)) };
        shelved.push(item);
        return shelf.made?.(item) ?? { data: item };
      },
    },
    { method: "GET", path: one, answer: (call) => ({ data: items(call)[find(call)] }) },
    {
      method: "PATCH",
      path: one,
      answer: (call) => ({ data: Object.assign(items(call)[find(call)]!, given(stored(call.body))) }),
    },
    {
      method: "DELETE",
      path: one,
      answer(call) {
        items(call).splice(find(call), 1);
      },
    },
  ];
}

/** Without nulls: they mean "as it was". */
function given(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}
