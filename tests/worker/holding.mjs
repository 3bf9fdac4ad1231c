// An upstream in a separate process, so that its sockets do not count against the
// test's limit. It holds every response until it is told to send them.
import { createServer } from "node:http";

let held = [];
const server = createServer((request, response) => {
  held.push([request.url, response]);
  process.send({ held: held.length });
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => process.send({ port: server.address().port }));

process.on("message", () => {
  const all = held;
  held = [];
  for (const [url, response] of all) {
    response.writeHead(url.includes("/broken/") ? 500 : 200, { "content-type": "text/plain" });
    response.write("the stream of ");
    response.end(url);
  }
});
process.on("disconnect", () => process.exit());
