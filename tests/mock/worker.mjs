// The mock Attention API as a Worker: one mock for the life of the process.
import { mockAttention } from "./testing.js";

const mock = mockAttention();

export default {
  fetch: (request) => mock.handle(request),
};
