// What the compiler must and must not take of calls by path. Never run.
import type { Attention, components } from "attention-wasm";

type Schemas = components["schemas"];
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Fails to compile unless the answer is exactly of that type. */
declare function answers<Expected>(): <Actual>(call: Promise<Actual>, same: Same<Expected, Actual>) => void;

declare const attention: Attention;
declare const id: string;
declare const path: string;

// A path as it is described, with its query.
answers<Schemas["ConversationCollection"]>()(attention.get("/conversations/list"), true);
attention.get("/conversations/list", { query: { size: 10, "filter[title]": "Renewal", fromDateTime: new Date() } });
attention.get("/conversations/list", {
  query: { filter: { title: "Renewal", hide_internal: true, "owner.id": ["a"] as readonly string[] } },
});
// @ts-expect-error: no such parameter
attention.get("/conversations/list", { query: { siz: 10 } });
// @ts-expect-error: a number
attention.get("/conversations/list", { query: { size: "10" } });
// @ts-expect-error: no such filter
attention.get("/conversations/list", { query: { filter: { titel: "Renewal" } } });
// @ts-expect-error: no such option
attention.get("/conversations/list", { params: {} });

// Names in a path, written out or computed, each one piece.
answers<Schemas["Conversation"]>()(attention.get("/conversations/5eed"), true);
answers<Schemas["Conversation"]>()(attention.get(`/conversations/${id}`), true);
answers<Schemas["ConversationIdByExternal"]>()(attention.get(`/conversations/by-external-id/${id}`), true);
attention.put(`/conversations/${id}/title`, { body: { title: "Renewal" } });
// @ts-expect-error: the title is text
attention.put(`/conversations/${id}/title`, { body: { title: 5 } });
attention.patch(`/scorecards/${id}/items/${id}`, { body: { weight: 2 } });
// @ts-expect-error: the weight is a number
attention.patch(`/scorecards/${id}/items/${id}`, { body: { weight: "2" } });

// What is required is required.
// @ts-expect-error: the body
attention.post("/labels");
// @ts-expect-error: a name in it
attention.post("/labels", { body: {} });
// @ts-expect-error: a query
attention.get("/gi/history");
// @ts-expect-error: no such member
attention.post("/api_keys", { body: { name: "ci", orglevel: true } });
attention.post("/api_keys", { body: { name: "ci", orgLevel: true }, idempotencyKey: "once" });

// Interfaces, which have no index signature.
interface NewLabel {
  name: string;
  options: { value: string }[];
}
declare const label: NewLabel;
attention.post("/labels", { body: label });

// What is not described is called as it is, and tells nothing of the answer.
answers<unknown>()(attention.get("/conversations/list/more"), true);
answers<unknown>()(attention.get(path, { query: { anything: 1 } }), true);
answers<unknown>()(attention.post("/users", { body: { any: "thing" } }), true);
answers<unknown>()(attention.get("/conversations/list" as string, { query: new URLSearchParams("new=1") }), true);
answers<unknown>()(attention.delete(`/labels/${id}`), true);
