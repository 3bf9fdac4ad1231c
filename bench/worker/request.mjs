// The request that all variants are measured with.
import { TOKEN } from "./variants.mjs";

export const PATH = "/v2/conversations?page=1";

/** What an SDK sends, and a cookie that must not go up. */
export const HEADERS = {
  authorization: `Bearer ${TOKEN}`,
  accept: "application/json",
  "accept-encoding": "gzip",
  "user-agent": "bench/1",
  cookie: "session=1",
};
