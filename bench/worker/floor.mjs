// What is left of the Worker without its checks: header lists both ways, a request
// id, a timeout, an answer of its own. It lets everybody in; nothing that does
// these things in JavaScript is much faster.
import { DOWN, UP } from "./headers.mjs";

const TIMEOUT_MS = 60_000;
const models = new Map();

function model(status) {
  if (!models.has(status)) {
    const headers = {
      "x-content-type-options": "nosniff",
      vary: "Origin, Authorization",
      "cache-control": "private, no-store",
    };
    models.set(status, new Response(null, { status, headers }));
  }
  return models.get(status);
}

function inTime(promised) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, TIMEOUT_MS);
    promised.then((outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    }, reject);
  });
}

export default {
  async fetch(request, env) {
    const headers = { authorization: `Bearer ${env.ATTENTION_API_KEY}` };
    for (const name of UP) {
      const value = request.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    const { pathname, search } = new URL(request.url);
    const { method, body } = request;
    const response = await inTime(
      fetch(env.UPSTREAM_ORIGIN + pathname + search, { method, headers, body, redirect: "manual" }),
    );
    const answer = new Response(response.body, model(response.status));
    response.headers.forEach((value, name) => {
      if (DOWN.has(name)) answer.headers.set(name, value);
    });
    answer.headers.set("x-request-id", crypto.randomUUID());
    return answer;
  },
};
