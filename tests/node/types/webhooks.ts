// Types of what comes in.
import { Attention, type components } from "attention-wasm";
import { Attention as WithJobs } from "attention-wasm/jobs";
import { type Received, receive, type WebhookEvent } from "attention-wasm/webhooks";

const attention = new Attention({ apiKey: "an-obviously-fake-key-for-tests-0001" });
const secret = "obviously-fake-secret-0001";
const request = new Request("https://hooks.example/attention/obviously-fake-secret-0001");

const received: Received = await receive(request, { secret, attention, claim: async ({ digest }) => digest !== "" });
await receive(request, { secret: [secret], header: "x-hook", attention: new WithJobs(), trigger: "labels.changed" });
// @ts-expect-error: without a secret nobody is known.
receive(request, {});
// @ts-expect-error: not one of the triggers.
receive(request, { secret, trigger: "labels" });

switch (received.kind) {
  case "event": {
    const event: WebhookEvent = received.event;
    if (event.type === "conversation.analyzed") {
      event.data.id satisfies string;
      event.data.attributes.title satisfies string | undefined;
      // What is not documented is not known.
      event.data.attributes["transcript"] satisfies unknown;
    } else {
      event.data satisfies unknown;
      // @ts-expect-error: of other triggers nothing is documented.
      event.data.id;
    }
    const fresh = await event.reread();
    if (fresh.of === "conversation") fresh.conversation satisfies components["schemas"]["Conversation"];
    break;
  }
  case "repeat":
    received.response() satisfies Response;
    break;
  case "refused":
    received.code satisfies string;
    break;
  default:
    received satisfies never;
}
