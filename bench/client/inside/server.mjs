// What every client calls: one small answer, as quickly as Node gives it.
import { createServer } from "node:http";

const users = Array.from({ length: 5 }, (_, at) => ({
  uuid: `5eed0000-0000-4000-8000-00000000000${at}`,
  email: `person${at}@mock.example`,
  firstName: "Isolde",
  lastName: "Brackenridge",
}));
const body = JSON.stringify({ data: users });
const headers = {
  "content-type": "application/json",
  "content-length": Buffer.byteLength(body),
  "x-request-id": "bench",
};

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const ok =
    request.url === "/v2/users" &&
    request.method === "GET" &&
    request.headers.authorization?.startsWith("Bearer an-obviously-fake-key");
  response.writeHead(ok ? 200 : 400, headers).end(body);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v2`));
