import { Attention, sessionToken } from "attention-wasm";

const attention = new Attention({
  token: sessionToken("/api/attention-session"),
  baseURL: `${import.meta.env.WORKER}/v2`,
});

const list = document.querySelector("ul");
try {
  for await (const { attributes } of attention.conversations.list({ size: 10 }, { limit: 5 }))
    list.append(Object.assign(document.createElement("li"), { textContent: attributes.title }));
} catch (error) {
  document.querySelector("[role=status]").textContent = error.message;
}
