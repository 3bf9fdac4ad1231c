/** Resources that are listed, created, read, updated and deleted in the same way. */

import { page } from "./paging.js";
import { type Call, type JsonObject, Refused, type Route } from "./route.js";

/** One kind of resource. */
export interface Shelf {
  /** The path of the list; single resources are below it. */
  readonly path: string;
  /** The name of the identifier in the path, as in `/labels/{id}`. */
  readonly param: string;
  /** The field with the identifier. */
  readonly key: string;
  /** The resources, which may depend on a parent in the path. */
  items(call: Call): JsonObject[];
  /** The members of a new resource beside the request's body. */
  make(call: Call): JsonObject;
  /** The page size. Default: no paging. */
  readonly pageSize?: number;
  /** The stored part of a body. Default: all of it. */
  stored?(body: JsonObject): JsonObject;
  /** The response for a new resource. Default: `{ data }`. */
  made?(item: JsonObject): object;
}

export function shelfRoutes(shelf: Shelf): readonly Route[] {
  const { path, items, pageSize, stored = (body) => body } = shelf;
  const one = `${path}/{${shelf.param}}` as const;
  const find = (call: Call) => {
    const id = call.param(shelf.param);
    const index = items(call).findIndex((item) => item[shelf.key] === id);
    if (index < 0) throw new Refused(404, `${path} has nothing with that identifier`);
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

/** Without nulls, which mean "unchanged". */
function given(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}
