// Replaces a key while calls continue, without a failed call.
import { Attention } from "attention-wasm";

const oldKey = process.env.ATTENTION_API_KEY;
if (!oldKey) throw new Error("set ATTENTION_API_KEY to the key that is to be replaced");

/** A service that calls all the time, with the client that it was deployed with. */
class Service {
  calls = 0;
  failures = [];
  #name;
  #client;
  #running = true;
  #work = this.#call();

  constructor(name) {
    this.#name = name;
  }

  deploy(options) {
    const before = this.#client;
    this.#client = new Attention({
      ...options,
      onKeySwitch: ({ to, fingerprint }) => console.log(`  ${this.#name} went over to the ${to} key, ${fingerprint}`),
    });
    // Calls in progress end with the client that they began with.
    before?.close();
  }

  async #call() {
    while (this.#running) {
      try {
        await this.#client?.get("/users", { query: { size: 1 } });
        this.calls++;
      } catch (error) {
        this.failures.push(error);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Resolves when it has made some more calls. */
  async goesOn(calls = 5) {
    const until = this.calls + calls;
    while (this.calls < until && this.failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop() {
    this.#running = false;
    await this.#work;
    this.#client.close();
  }
}

const services = [new Service("web"), new Service("jobs")];
const [web, jobs] = services;
const goOn = () => Promise.all(services.map((service) => service.goesOn()));

for (const service of services) service.deploy({ apiKey: oldKey });
await goOn();

console.log("1 create a new key");
const admin = new Attention({ apiKey: oldKey });
// The list contains the keys' values; only this id is stored.
const { id: oldId } = (await admin.get("/api_keys")).find(({ value }) => value === oldKey);
const { value: newKey } = await admin.post("/api_keys", { body: { name: "rotated", orgLevel: true } });

console.log("2 add it as the next key");
for (const service of services) service.deploy({ apiKey: oldKey, nextApiKey: newKey });
await goOn();

console.log("3 try it before anything depends on it");
const withNewKey = new Attention({ apiKey: newKey });
await withNewKey.get("/users", { query: { size: 1 } });

console.log("4 promote it; jobs is late and still has both");
web.deploy({ apiKey: newKey });
await goOn();

console.log("5 delete the old key");
// Documented for the app and the MCP tool; over HTTP it is a guess. If this is refused, delete the key in the app.
await withNewKey.delete(`/api_keys/${oldId}`);
await goOn();
jobs.deploy({ apiKey: newKey });
await goOn();

await Promise.all(services.map((service) => service.stop()));
const failures = services.flatMap((service) => service.failures);
console.log(`${web.calls + jobs.calls} calls, ${failures.length} failed`);
for (const error of failures) console.error(error);
process.exitCode = failures.length === 0 ? 0 : 1;
