// Takes uploads, keeps nothing, answers how many bytes came. A process of its
// own: in the bench's, the sender would wait for the receiver.
import { fork } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(import.meta.url);

export function startSink() {
  const child = fork(file, ["serve"]);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("message", (port) => resolve({ url: `http://127.0.0.1:${port}`, close: () => child.disconnect() }));
  });
}

if (process.argv[1] === file && process.argv[2] === "serve") {
  const server = createServer((request, response) => {
    let length = 0;
    request.on("data", (chunk) => (length += chunk.length));
    request.on("end", () => response.end(String(length)));
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  // It ends with the bench, however that ends.
  process.once("disconnect", () => process.exit());
}
