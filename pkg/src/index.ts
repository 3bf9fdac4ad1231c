/**
 * A client of the Attention API for every JavaScript runtime.
 *
 * @module
 */

export type { KeyInfo, KeysInfo } from "#binding";
export { Listing } from "./api/listing.js";
export type { Resources } from "./api/operations.js";
export type { BodyOptions, ListOptions, PlainListOptions, PlainOptions, QueryOptions } from "./api/options.js";
export type { KnownPath, Method, PathAnswer, PathArguments } from "./api/paths.js";
export type { components, operations, paths } from "./api/schema.js";
export type { SendOptions, SendProgress, SuperAgentHelpers } from "./api/super-agent.js";
export type { KnowledgeBaseFile, KnowledgeBaseHelpers } from "./api/upload.js";
export { Attention } from "./attention.js";
export type { Body } from "./call/body.js";
export type {
  CallEvent,
  EndEvent,
  Hooks,
  KeyExpiringEvent,
  KeySwitchEvent,
  Logger,
  LogLevel,
  RenewalFailedEvent,
  RequestEvent,
  ResponseEvent,
  RetryEvent,
  WaitEvent,
} from "./call/events.js";
export type { FetchOptions } from "./call/fetch-options.js";
export type { HeaderOptions } from "./call/headers.js";
export type { Middleware, MiddlewareRequest } from "./call/middleware.js";
export type { CallOptions } from "./call/options.js";
export { APIPromise, type WithResponse } from "./call/promise.js";
export type { Query, QueryValue } from "./call/query.js";
export { type AttentionOptions, Client } from "./client.js";
export type { Credential, IssuedCredential } from "./credentials/provider.js";
export { type SessionOptions, sessionToken } from "./credentials/session.js";
export {
  AbortedError,
  AttentionError,
  ConfigError,
  ConflictError,
  ConnectionError,
  type Diagnosis,
  type ErrorFacts,
  type ErrorKind,
  type Finding,
  ForbiddenError,
  InvalidKeyError,
  type Issue,
  NotFoundError,
  PayloadTooLargeError,
  ProtocolError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  UnauthorizedError,
  ValidationError,
} from "./errors/errors.js";
