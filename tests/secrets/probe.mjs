// Everything of the package that can be printed, in any runtime: this module
// imports nothing, prints each value and returns each as text.

/**
 * @param {object} attention the package
 * @param {object} where
 * @param {string} where.baseURL an upstream that plays `answers` below
 * @param {string} where.secret the key or token
 * @param {"apiKey" | "token"} where.as how it is given
 * @param {(value: unknown) => string} [where.inspect] the runtime's own, at its most talkative
 * @returns {Promise<{ name: string, text: string }[]>}
 */
export async function probe(attention, { baseURL, secret, as, inspect }) {
  const { Attention } = attention;
  const texts = [];
  const lines = [];
  const logger = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [level, (line) => lines.push(line)]),
  );
  const events = [];
  const hooks = Object.fromEntries(
    ["onRequest", "onResponse", "onRetry", "onKeySwitch"].map((hook) => [hook, (event) => events.push(event)]),
  );
  const options = { baseURL, [as]: secret, maxRetries: 1, dangerouslyAllowBrowser: true };
  const client = new Attention({ ...options, logger, ...hooks });

  const show = (name, value) => {
    const note = (how, make) => {
      let text;
      try {
        text = String(make());
      } catch (error) {
        text = `${error}`;
      }
      texts.push({ name: `${name}, ${how}`, text });
    };
    console.log(name, value);
    console.error(value);
    note("String", () => value);
    note("JSON", () => JSON.stringify(value));
    note("structuredClone", () => JSON.stringify(structuredClone(value)) + String(structuredClone(value)?.stack));
    note("own properties", () => own(value));
    if (inspect !== undefined) note("inspect", () => inspect(value));
    for (let part = value, depth = 0; part instanceof Error && depth < 9; part = part.cause, depth++) {
      note(`message ${depth}`, () => part.message);
      note(`stack ${depth}`, () => part.stack);
      note(`own properties ${depth}`, () => own(part));
    }
  };
  const fails = async (name, run) => {
    try {
      await run();
    } catch (error) {
      return show(name, error);
    }
    throw new Error(`${name}: did not fail`);
  };

  show("client", client);
  show("keys", client.keys);
  const { response } = await client.get("/ok").withResponse();
  show("response", response);
  show("unread response", await client.get("/ok").asResponse());
  show("call", client.get("/ok"));
  for (const path of ["/401/json", "/401/text", "/401/problem", "/400/json", "/500/json", "/500/text", "/429/json"]) {
    // A client for each, so that none waits for another's gate.
    const own = new Attention({ ...options, logger, ...hooks });
    await fails(path, () => own.get(path));
    own.close();
  }
  await fails("not JSON", () => client.get("/200/broken"));
  await fails("cut off", () => client.get("/cut"));
  await fails("in the URL", () => client.get("/ok", { query: { key: secret } }));
  await fails("in a path", () => client.get(`/${secret}/../x`));
  await fails("aborted with it", () => client.get("/ok", { signal: AbortSignal.abort(new Error(`stop ${secret}`)) }));
  for (const [name, thrown] of [
    [
      "fetch that quotes headers",
      (init) => new TypeError(`Headers.append: "${init.headers.authorization}" is an invalid header value`),
    ],
    [
      "fetch that keeps the request",
      (init) => Object.assign(new Error("failed"), { config: { deep: { list: [init.headers] } } }),
    ],
    [
      "fetch that chains",
      (init) => new Error("outer", { cause: new AggregateError([new Error(init.headers.authorization)], "inner") }),
    ],
    ["fetch that throws text", (init) => `failed: ${init.headers.authorization}`],
    ["fetch that throws Headers", (init) => new Headers(init.headers)],
  ]) {
    const odd = client.withOptions({
      maxRetries: 0,
      fetch: async (_, init) => {
        throw thrown(init);
      },
    });
    await fails(name, () => odd.get("/ok"));
  }
  for (const bad of [
    `Bearer ${secret}`,
    `${secret}\n${secret}`,
    `"${secret}"`,
    `${secret} ${secret}`,
    `${secret}\u00e9`,
  ]) {
    await fails("refused credential", () => new Attention({ ...options, [as]: bad }));
    await fails("refused credential of a function", () => new Attention({ ...options, [as]: () => bad }).get("/ok"));
  }
  await fails("unknown option", () => new Attention({ ...options, [`x-${as}`]: secret }));
  await fails("wrong type", () => new Attention({ ...options, [as]: [secret] }));
  await fails("Authorization header", () => client.get("/ok", { headers: { authorization: secret } }));
  // The headers of a response are the server's words, and shown as they came.
  for (const { headers, status, ...event } of events)
    show("event", { ...event, headers: status === undefined && headers !== undefined ? [...headers] : [] });
  client.close();
  await fails("closed", () => client.get("/ok"));
  show("closed client", client);
  show("log", lines.join("\n"));
  return texts;
}

/** All own properties, hidden ones too, some levels deep. */
function own(value, depth = 0) {
  if (typeof value !== "object" || value === null || depth > 4) return String(value);
  if (value instanceof Headers) return JSON.stringify([...value]);
  return Reflect.ownKeys(value)
    .map((name) => {
      const { get, value: held } = Object.getOwnPropertyDescriptor(value, name);
      return `${String(name)}=${own(get === undefined ? held : get.call(value), depth + 1)}`;
    })
    .join(";");
}

/** The upstream's responses, which echo the request. */
export function answers(request) {
  const { pathname } = new URL(request.url);
  const sent = request.headers.get("authorization") ?? "";
  const [, status, form] = /^\/v2\/(\d+)\/(\w+)$/.exec(pathname) ?? [];
  const words = `refused: Authorization: ${sent} and ${sent.slice("Bearer ".length)}`;
  if (status === undefined) {
    if (pathname === "/v2/cut")
      return new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) }));
    return Response.json({ ok: true });
  }
  const answer = {
    json: () =>
      Response.json({ error: { message: words, code: sent.slice("Bearer ".length) } }, { status: Number(status) }),
    text: () => new Response(words, { status: Number(status) }),
    problem: () =>
      Response.json(
        { title: words, detail: words },
        { status: Number(status), headers: { "content-type": "application/problem+json" } },
      ),
    broken: () => new Response(`{"key":"${sent}`, { headers: { "content-type": "application/json" } }),
  }[form]();
  answer.headers.set("retry-after", "0");
  answer.headers.set("x-request-id", sent.slice("Bearer ".length));
  return answer;
}

/** Throws with the first place that shows the secret or half of it. */
export function assertHidden(texts, secret) {
  // A fingerprint of four last characters would be allowed; half of the key is not.
  const telling = [secret, secret.slice(0, secret.length >> 1), secret.slice(secret.length >> 1)];
  for (const { name, text } of texts) {
    if (telling.some((part) => text.includes(part)))
      throw new Error(`${name} shows the credential:\n${text.slice(0, 2000)}`);
  }
}
