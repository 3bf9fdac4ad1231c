// With a bundler: import { … } from "attention-wasm";
import { Attention, sessionToken, UnauthorizedError } from "./node_modules/attention-wasm/dist/index.js";

const { worker } = await (await fetch("/api/config")).json();
const attention = new Attention({ token: sessionToken("/api/attention-session"), baseURL: `${worker}/v2` });

const list = document.querySelector("ul");
const status = document.querySelector("[role=status]");
const logIn = document.querySelector("#log-in");

async function show() {
  status.textContent = "";
  try {
    const { data } = await attention.get("/conversations/list", { query: { size: 5 } });
    list.replaceChildren(
      ...data.map(({ attributes }) => Object.assign(document.createElement("li"), { textContent: attributes.title })),
    );
  } catch (error) {
    // From the page's own backend, not from the Worker: nobody is logged in.
    if (error instanceof UnauthorizedError && error.code === "session_unauthorized") logIn.hidden = false;
    status.textContent = error.message;
  }
}

document.querySelector("#show").addEventListener("click", show);
logIn.addEventListener("click", async () => {
  await fetch("/api/login", { method: "POST" });
  logIn.hidden = true;
  // The former user's session must not be used any more.
  await attention.refreshCredentials();
  await show();
});
