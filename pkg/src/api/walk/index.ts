/** The walks, by style of paging. */

import { type Query, queryPairs } from "../../call/query.js";
import { CountedWalk } from "./counted.js";
import { CursorWalk } from "./cursor.js";
import type { Paging, Walk } from "./walk.js";
import { CutWalk, WholeWalk } from "./whole.js";

export type { Page } from "./marks.js";
export type { Paging, Walk } from "./walk.js";

/** The walk for a style of paging. */
export function walkOf(owner: string, paging: Paging, query: Query | undefined): Walk {
  const given = queryPairs(query ?? {});
  const asked = (name: string | undefined) => given.find(([each]) => each === name)?.[1];
  switch (paging.style) {
    case "page":
    case "offset":
      return new CountedWalk(owner, paging, asked(paging.parameter), asked(paging.size));
    case "cursor":
      return new CursorWalk(paging.parameter!, asked(paging.parameter));
    case "limit":
      return new CutWalk(paging, asked(paging.parameter));
    case "whole":
      return new WholeWalk();
  }
}
