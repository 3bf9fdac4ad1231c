/** Lists that come in pages. */

import { check, count } from "../call/check.js";
import type { CallOptions } from "../call/options.js";
import type { APIPromise, WithResponse } from "../call/promise.js";
import { type Query, queryPairs } from "../call/query.js";
import { errorOf } from "../errors/errors.js";

/** How a list is paged. */
export interface Paging {
  /** By the page's number, by how many items precede it, by a cursor, or not at all. */
  readonly style: "page" | "offset" | "cursor" | "limit";
  /** The query parameter that moves on. */
  readonly parameter?: string;
  /** Where the items are in an answer. */
  readonly items: string;
  /** Where the total or the next cursor is. */
  readonly end?: string;
}

/**
 * A list: `for await` gives its items, one by one, and asks for a page when it
 * is needed; `pages()` gives the answers; awaited it is the first answer.
 *
 * Nothing is sent before one of these happens. A loop that is left early leaves
 * nothing behind, and what a loop has had before an error stays valid.
 */
export class Listing<Page, Item> implements PromiseLike<Page>, AsyncIterable<Item> {
  readonly #fetch: (options: CallOptions) => APIPromise<unknown>;
  readonly #options: CallOptions;
  readonly #paging: Paging;
  readonly #limit: number;
  #first: APIPromise<Page> | undefined;

  /** Made by the client. */
  constructor(
    owner: string,
    fetch: (options: CallOptions) => APIPromise<unknown>,
    options: CallOptions & { readonly limit?: number | undefined },
    paging: Paging,
  ) {
    const { limit = Infinity, ...rest } = options;
    if (limit !== Infinity) check(owner, "limit", limit, count);
    this.#fetch = fetch;
    this.#options = rest;
    this.#paging = paging;
    this.#limit = limit;
  }

  /** The answer with the first page, whole whatever `limit` is. */
  // biome-ignore lint/suspicious/noThenProperty: a listing is awaited like a promise.
  then<R = Page, F = never>(
    onDone?: ((page: Page) => R | PromiseLike<R>) | null,
    onFailed?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<R | F> {
    return this.#begin().then(onDone, onFailed);
  }

  catch<F = never>(onFailed?: ((error: unknown) => F | PromiseLike<F>) | null): Promise<Page | F> {
    return this.#begin().catch(onFailed);
  }

  finally(onEnd?: (() => void) | null): Promise<Page> {
    return this.#begin().finally(onEnd);
  }

  /** The response with the first page, its body unread. */
  asResponse(): Promise<Response> {
    return this.#begin().asResponse();
  }

  /** The first page together with its response. */
  withResponse(): Promise<WithResponse<Page>> {
    return this.#begin().withResponse();
  }

  /** The answers, whole, until there are no more or `limit` is reached. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    for await (const [page] of this.#walk()) yield page;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    let left = this.#limit;
    for await (const [, items] of this.#walk()) {
      for (const item of items) {
        yield item;
        if (--left === 0) return;
      }
    }
  }

  #begin(): APIPromise<Page> {
    this.#first ??= this.#fetch(this.#options) as APIPromise<Page>;
    return this.#first;
  }

  async *#walk(): AsyncGenerator<readonly [Page, readonly Item[]], void, undefined> {
    const { style, parameter = "", items: field, end = "" } = this.#paging;
    const query = queryPairs((this.#options.query as Query) ?? {});
    const given = query.find(([name]) => name === parameter)?.[1];
    const others = query.filter(([name]) => name !== parameter);
    // Where the page is in its list: a number, a count of items or a cursor.
    let place: unknown = style === "cursor" ? given : Number(given ?? (style === "page" ? 1 : 0));
    let seen = style === "offset" ? (place as number) : 0;
    let left = this.#limit;
    let isFirst = true;
    while (left > 0) {
      const page = await (isFirst
        ? this.#begin()
        : (this.#fetch({ ...this.#options, query: [...others, [parameter, place as string]] }) as APIPromise<Page>));
      const items = at(page, field) as readonly Item[];
      if (!Array.isArray(items))
        throw errorOf({
          kind: "protocol",
          code: "list_missing",
          message: `the answer has no list \`${field}\``,
          attempts: 1,
        });
      if (items.length > 0 || isFirst) yield [page, items];
      isFirst = false;
      left -= items.length;
      seen += items.length;
      const last = at(page, end);
      if (style === "cursor") {
        // The same cursor again would lead round in circles.
        if (typeof last !== "string" || last === "" || last === place) return;
        place = last;
      } else {
        // Without a total, the page after the last one tells: it is empty.
        if (style === "limit" || items.length === 0 || seen >= Number(last)) return;
        place = style === "page" ? (place as number) + 1 : seen;
      }
    }
  }
}

/** What stands at `meta.totalRecords`. */
function at(page: unknown, path: string): unknown {
  return path.split(".").reduce((held, name) => (held as Record<string, unknown> | null | undefined)?.[name], page);
}
