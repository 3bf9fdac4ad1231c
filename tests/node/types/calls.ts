// Types of credentials that live in time, of events and of what stands around calls. Never run.
import {
  Attention,
  type CallEvent,
  Client,
  type Credential,
  type EndEvent,
  type Hooks,
  type Middleware,
  sessionToken,
} from "attention-wasm";
import { instrument } from "attention-wasm/opentelemetry";

const baseURL = "/api/v2";
new Attention({ apiKey: "an-obviously-fake-key-for-tests-0001" });
new Attention({ apiKey: async () => ({ token: "x", expiresAt: new Date() }) });
new Attention({ token: () => ({ token: "x", expiresAt: Date.now() }), baseURL });
new Attention({ token: () => ({ token: "x", expiresAt: null }), baseURL });
// An answer of the Worker's `POST /sessions`, as it is.
new Attention({
  token: async (): Promise<{ token: string; expiresAt: number; id: string }> => Response.prototype.json(),
  baseURL,
});
// @ts-expect-error: a text is no date.
new Attention({ token: () => ({ token: "x", expiresAt: "2030-01-01" }), baseURL });
// @ts-expect-error: there is no token in it.
new Attention({ token: () => ({ access_token: "x" }), baseURL });
new Attention({ token: sessionToken("/api/attention-session"), baseURL });
new Attention({ token: sessionToken("/s", { method: "GET", headers: () => ({ "x-csrf": "x" }) }), baseURL });
// @ts-expect-error: another method.
sessionToken("/s", { method: "PUT" });
sessionToken("/s") satisfies Credential;

const attention = instrument(new Attention({ onEnd: ({ outcome }) => outcome satisfies string }));
attention.conversations.list();
instrument(new Client());
(await attention.refreshCredentials()) satisfies boolean;

const middleware: Middleware = async ({ headers, pathTemplate }, next) => {
  headers.set("x-path", pathTemplate ?? "none");
  return next();
};
attention.use(middleware).use({ onStart: ({ callId }) => callId.length }) satisfies Attention;
attention.use((_, next) => next()).users.list();
attention.use(() => Response.json({}));
// @ts-expect-error: it gives nothing.
attention.use(async (_, next) => void (await next()));
// @ts-expect-error: there is no such hook.
attention.use({ onFinish: () => {} });

const hooks: Hooks = {
  onWait: ({ wait, status }) => wait + (status ?? 0),
  onEnd: (event: EndEvent) => {
    if (event.outcome === "rate_limited") event.error satisfies unknown;
    // @ts-expect-error: no outcome.
    return event.outcome === "failed";
  },
};
hooks.onStart satisfies ((event: CallEvent) => unknown) | undefined;
// What was written for any promise compiles: the error is not unknown there.
attention.users.list().catch((error) => error.message.length);
attention.get("/users").then(undefined, ({ code }) => code);
attention.conversations.list().catch((error) => error.status);
