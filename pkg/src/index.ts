/**
 * A client of the Attention API for every JavaScript runtime.
 *
 * @module
 */

export { Attention } from "./attention.js";
export { type AttentionOptions, type CallOptions, Client } from "./client.js";
export type { Body } from "./body.js";
export type { Credential, KeyInfo, KeysInfo } from "./door.js";
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
  NotFoundError,
  PayloadTooLargeError,
  ProtocolError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  UnauthorizedError,
  ValidationError,
} from "./errors.js";
export type { Hooks, KeyExpiringEvent, KeySwitchEvent, Logger, LogLevel, RequestEvent, ResponseEvent, RetryEvent } from "./events.js";
export type { HeaderOptions } from "./headers.js";
export { Listing } from "./listing.js";
export type { Resources } from "./operations.js";
export type { KnownPath, Method, PathAnswer, PathArguments } from "./paths.js";
export type { BodyOptions, ListOptions, PlainOptions, QueryOptions } from "./resources.js";
export type { SendOptions, SendProgress, SuperAgentHelpers } from "./super-agent.js";
export type { KnowledgeBaseFile, KnowledgeBaseHelpers } from "./upload.js";
export { APIPromise, type WithResponse } from "./promise.js";
export type { Query, QueryValue } from "./query.js";
export type { components, operations, paths } from "./schema.js";
