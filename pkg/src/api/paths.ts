/** The types of paths, from the API's description; no run-time code. */

import type { CallOptions } from "../call/options.js";
import type { Query } from "../call/query.js";
import type { paths } from "./schema.js";

/** The methods that the API uses. */
export type Method = "get" | "post" | "put" | "patch" | "delete";

/** The known path templates of a method. */
export type KnownPath<M extends Method> = {
  [P in keyof paths]: paths[P] extends { readonly [K in M]: object } ? P : never;
}[keyof paths];

/** Any path; editors complete the known ones. */
export type Path<M extends Method> = KnownPath<M> | (string & {});

/** The arguments after a path. A required query or body makes the options required. */
export type PathArguments<M extends Method, P extends string> =
  // biome-ignore lint/complexity/noBannedTypes: `{}` extends a type that requires no member, and no other.
  {} extends OptionsOf<Operation<M, P>>
    ? [options?: OptionsOf<Operation<M, P>>]
    : [options: OptionsOf<Operation<M, P>>];

/** The result of a call by path; unknown if the description has none. */
export type PathAnswer<M extends Method, P extends string> = AnswerOf<Operation<M, P>>;

/** The query of an operation. `filter` may be nested: `{ filter: { title } }` is `filter[title]`. */
export type QueryOf<O> = O extends { readonly parameters: { readonly query?: infer Q } }
  ? [Given<Q>] extends [never]
    ? Query
    : Input<Given<Q>> & Filters<Input<Given<Q>>>
  : Query;

/** The body of an operation. */
export type BodyOf<O> = O extends { readonly requestBody?: infer B }
  ? Given<B> extends { readonly content: { readonly "application/json": infer T } }
    ? Input<T>
    : never
  : never;

/** The response of an operation. */
export type AnswerOf<O> = O extends { readonly responses: infer R } ? Content<R[keyof R & Success]> : unknown;

/** The items of a list in a response; without a field, the response itself is the list. */
export type ItemOf<Answer, Field extends string> = Field extends ""
  ? Answer extends readonly (infer Item)[]
    ? Item
    : unknown
  : Answer extends { readonly [F in Field]?: infer List }
    ? Given<List> extends readonly (infer Item)[]
      ? Item
      : unknown
    : unknown;

type Success = 200 | 201 | 202 | 204 | "2XX";
type Content<R> = R extends { readonly content: { readonly "application/json": infer T } } ? T : unknown;

/** The operation of a concrete path, or `unknown`. */
type Operation<M extends Method, P extends string> = [Template<M, P>] extends [never]
  ? unknown
  : paths[Template<M, P>][M];

/** The template of a concrete path: the same text if there is one, else one with parameters. */
type Template<M extends Method, P extends string> =
  P extends KnownPath<M> ? P : { [K in KnownPath<M>]: Fits<P, K> extends true ? K : never }[KnownPath<M>];

/** Compares segments: `{name}` matches exactly one. */
type Fits<P extends string, K extends string> = K extends `${infer First}/${infer Rest}`
  ? P extends `${infer PFirst}/${infer PRest}`
    ? PieceFits<PFirst, First> extends true
      ? Fits<PRest, Rest>
      : false
    : false
  : P extends `${string}/${string}`
    ? false
    : PieceFits<P, K>;
type PieceFits<P extends string, K extends string> = K extends `{${string}}`
  ? P extends ""
    ? false
    : true
  : P extends K
    ? true
    : false;

type OptionsOf<O> = Omit<CallOptions, "query" | "body"> & QueryOption<O> & BodyOption<O>;
type QueryOption<O> = O extends { readonly parameters: { readonly query: object } }
  ? { readonly query: QueryOf<O> }
  : { readonly query?: QueryOf<O> | undefined };
type BodyOption<O> = [BodyOf<O>] extends [never]
  ? Pick<CallOptions, "body">
  : O extends { readonly requestBody: object }
    ? { readonly body: BodyOf<O> }
    : { readonly body?: BodyOf<O> | undefined };

type Given<T> = NonNullable<T>;

type Filters<Q> = {
  readonly filter?:
    | { readonly [K in keyof Q as K extends `filter[${infer Name}]` ? Name : never]?: Q[K] | undefined }
    | undefined;
};

/**
 * A described type, as an input: arrays may be readonly, and unknown names are
 * not allowed, so that typing errors are found and interfaces, which have no
 * index signature, are accepted.
 */
type Input<T> = T extends Date
  ? T
  : T extends readonly (infer I)[]
    ? readonly Input<I>[]
    : T extends object
      ? [keyof Known<T>] extends [never]
        ? object
        : { readonly [K in keyof Known<T>]: Input<Known<T>[K]> | (undefined extends Known<T>[K] ? undefined : never) }
      : T;
type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
