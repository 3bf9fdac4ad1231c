/** Lists that come in pages. */

import { check, count } from "../call/check.js";
import type { CallOptions } from "../call/options.js";
import type { APIPromise, OnFailed, WithResponse } from "../call/promise.js";
import { type Query, queryPairs } from "../call/query.js";
import { named } from "../call/values.js";
import { errorOf } from "../errors/errors.js";
import { type Paging, walkOf } from "./walk/index.js";

/**
 * A list. `for await` iterates over its items and requests pages as needed;
 * `pages()` iterates over the responses; awaiting it returns the first response.
 *
 * Nothing is sent before one of these. A loop can be left early without cleaning
 * up. After an error, the items so far are valid, and the next use requests the
 * failed page again.
 */
export class Listing<Page, Item> implements Promise<Page>, AsyncIterable<Item> {
  readonly #owner: string;
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
    this.#owner = owner;
    this.#fetch = fetch;
    this.#options = rest;
    this.#paging = paging;
    this.#limit = limit;
  }

  get [Symbol.toStringTag](): string {
    return "Listing";
  }

  /** The response with the first page, complete whatever `limit` is. */
  // biome-ignore lint/suspicious/noThenProperty: a listing is awaited like a promise.
  then<R = Page, F = never>(
    onDone?: ((page: Page) => R | PromiseLike<R>) | null,
    onFailed?: OnFailed<F> | null,
  ): Promise<R | F> {
    return this.#read().then(onDone, onFailed);
  }

  catch<F = never>(onFailed?: OnFailed<F> | null): Promise<Page | F> {
    return this.#read().catch(onFailed);
  }

  finally(onEnd?: (() => void) | null): Promise<Page> {
    return this.#read().finally(onEnd);
  }

  /** The response with the first page, its body unread. */
  asResponse(): Promise<Response> {
    const first = this.#begin();
    const response = first.asResponse();
    response.catch(() => this.#forget(first));
    return response;
  }

  /** The first page together with its response. */
  withResponse(): Promise<WithResponse<Page>> {
    return this.#read().withResponse();
  }

  /** The complete responses, until the last one or until `limit` is reached. */
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

  /** The first response, with its body read. */
  #read(): APIPromise<Page> {
    const first = this.#begin();
    first.catch(() => this.#forget(first));
    return first;
  }

  #forget(failed: APIPromise<Page>): void {
    if (this.#first === failed) this.#first = undefined;
  }

  async *#walk(): AsyncGenerator<readonly [Page, readonly Item[]], void, undefined> {
    const query = this.#options.query as Query | undefined;
    const walk = walkOf(this.#owner, this.#paging, query);
    let left = this.#limit;
    for (let isFirst = true; left > 0; isFirst = false) {
      const page = await (isFirst ? this.#read() : this.#ask(walk.place));
      const items = walk.read(pageOf(page, this.#paging)) as readonly Item[];
      if (items.length > 0 || isFirst) yield [page, items];
      left -= items.length;
      if (left > 0 && !walk.advance()) return;
    }
  }

  /** Requests a page by its position; without one, the first page as the caller requested it. */
  #ask(place: readonly [name: string, value: string] | undefined): APIPromise<Page> {
    if (place === undefined) return this.#fetch(this.#options) as APIPromise<Page>;
    const others = queryPairs((this.#options.query as Query | undefined) ?? {}).filter(([name]) => name !== place[0]);
    return this.#fetch({ ...this.#options, query: [...others, place] }) as APIPromise<Page>;
  }
}

/** The parts of a response that a walk uses: its items and their metadata. */
function pageOf(answer: unknown, { items: field, end = "" }: Paging) {
  const found = at(answer, field);
  const counters = { ...(answer as object), ...(at(answer, "meta") as object) } as Record<string, unknown>;
  const last = end === "" ? undefined : at(answer, end);
  // Servers in Go write an empty list as null, or omit it.
  const isEmpty = found === null || (found === undefined && (last !== undefined || "meta" in counters));
  if (isEmpty && answer !== null) return { items: [], end: last, counters };
  if (Array.isArray(found)) return { items: found as readonly unknown[], end: last, counters };
  const expected = field === "" ? "is not a list" : `has no list \`${field}\``;
  const what = typeof answer === "object" && answer !== null ? "" : ` is ${named(answer)} and`;
  throw errorOf({ kind: "protocol", code: "list_missing", message: `the response${what} ${expected}`, attempts: 1 });
}

/** The value at a path such as `meta.totalRecords`; the whole value for "". */
function at(page: unknown, path: string): unknown {
  if (path === "") return page;
  return path.split(".").reduce((held, name) => (held as Record<string, unknown> | null | undefined)?.[name], page);
}
