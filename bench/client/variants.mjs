// The same GET, with a key, its JSON parsed, through each client as its documentation shows it.

/** Obviously fake. */
const KEY = "an-obviously-fake-key-of-the-bench-0001";

/** `source` is a module that exports `make(base)`, which gives the call; fetch is the base of every comparison. */
export const VARIANTS = [
  {
    id: "fetch",
    title: "bare fetch",
    source: `
export const make = (base) => async () => {
  const response = await fetch(base + "/users", { headers: { authorization: "Bearer ${KEY}" } });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};`,
  },
  {
    // No peer, but the least that any client with a timeout takes.
    id: "fetch-timeout",
    title: "fetch with a timeout",
    source: `
export const make = (base) => async () => {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 60_000);
  const headers = { authorization: "Bearer ${KEY}" };
  const response = await fetch(base + "/users", { headers, signal: controller.signal });
  if (!response.ok) throw new Error(String(response.status));
  const answer = await response.json();
  clearTimeout(timer);
  return answer;
};`,
  },
  {
    id: "attention",
    title: "attention-wasm",
    source: `
import { Attention } from "attention-wasm";
export const make = (base) => {
  const attention = new Attention({ apiKey: "${KEY}", baseURL: base });
  return () => attention.get("/users");
};`,
  },
  {
    id: "openai",
    title: "openai",
    source: `
import OpenAI from "openai";
export const make = (base) => {
  const openai = new OpenAI({ apiKey: "${KEY}", baseURL: base, dangerouslyAllowBrowser: true });
  return () => openai.get("/users");
};`,
  },
  {
    id: "ky",
    title: "ky",
    source: `
import ky from "ky";
export const make = (base) => {
  const client = ky.create({ headers: { authorization: "Bearer ${KEY}" } });
  return () => client.get(base + "/users").json();
};`,
  },
  {
    id: "openapi-fetch",
    title: "openapi-fetch",
    source: `
import createClient from "openapi-fetch";
export const make = (base) => {
  const client = createClient({ baseUrl: base, headers: { authorization: "Bearer ${KEY}" } });
  return async () => (await client.GET("/users")).data;
};`,
  },
  {
    id: "stripe",
    title: "stripe",
    source: `
import Stripe from "stripe";
export const make = (base) => {
  const { hostname: host, port, pathname } = new URL(base);
  const stripe = new Stripe("${KEY}", { host, port, protocol: "http", telemetry: false });
  return () => stripe.rawRequest("GET", pathname + "/users");
};`,
  },
];
