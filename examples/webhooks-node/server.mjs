// Receives webhooks with Node's own server, and asks the API for the current state.
import { createServer } from "node:http";
import { Attention } from "attention-wasm";
import { receive } from "attention-wasm/webhooks";

const attention = new Attention(); // The key is in ATTENTION_API_KEY.
const secret = [process.env.WEBHOOK_SECRET, process.env.WEBHOOK_SECRET_OLD].filter(Boolean);

// Remembered until a restart; a table with a unique index lasts longer.
const seen = new Set();
const claim = ({ digest }) => seen.size !== seen.add(digest).size;

async function work(event) {
  const fresh = await event.reread();
  if (fresh.of === "conversation") console.log(`${event.type}: ${fresh.conversation.attributes.title}`);
}

const server = createServer(async (request, response) => {
  const received = await receive(request, { secret, attention, claim });
  received.send(response); // At once: how long a sender waits is not documented.
  if (received.kind === "event") work(received.event).catch((error) => console.error(error));
  else console.log(received.kind, received.code ?? "");
});

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/attention/(your secret)`);
});
