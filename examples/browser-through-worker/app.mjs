// With a bundler: import { Attention } from "attention-wasm";
import { Attention } from "./node_modules/attention-wasm/dist/index.js";

const form = document.querySelector("form");
const list = document.querySelector("ul");
const status = document.querySelector("[role=status]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = "";
  try {
    // A caller token, not an API key, which stays in the Worker.
    const attention = new Attention({ token: form.token.value, baseURL: `${form.worker.value}/v2` });
    const { data } = await attention.get("/conversations/list", { query: { size: 5 } });
    list.replaceChildren(
      ...data.map(({ attributes }) => Object.assign(document.createElement("li"), { textContent: attributes.title })),
    );
  } catch (error) {
    status.textContent = error.message;
  }
});
