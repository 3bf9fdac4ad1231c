// workerd's configuration, as Cap'n Proto text.

/** A string literal. Text is UTF-8 as it is; only quotes, backslashes and control bytes need escapes. */
export function text(value) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped.
  const escaped = String(value).replace(/["\\\u0000-\u001f\u007f]/g, (char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

/** `(a = 1, b = 2)` from pairs; undefined values are left out. */
export function struct(fields) {
  return `(${Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ")})`;
}

export const list = (items) => `[\n    ${items.join(",\n    ")}\n  ]`;

const MODULE_FIELDS = {
  esm: "esModule",
  cjs: "commonJsModule",
  wasm: "wasm",
  text: "text",
  json: "json",
  data: "data",
};

/** The whole file. `services` are as `startWorkerd` takes them, their modules already `{ name, type, path }`. */
export function config(services, outbound) {
  const internet = struct({
    name: text("internet"),
    network: struct({
      allow: `[${outbound.map(text).join(", ")}]`,
      tlsOptions: struct({ trustBrowserCas: "true" }),
    }),
  });
  // In this text a space must stand before a leading dot: `worker = .w0`.
  const workers = services.map(({ name }, index) => struct({ name: text(name), worker: `.w${index}` }));
  const disks = services
    .filter(({ storage }) => storage !== undefined)
    .map(({ name, storage }) =>
      struct({ name: text(`${name}-storage`), disk: struct({ path: text(storage), writable: "true" }) }),
    );
  const sockets = services
    .filter(({ port }) => port !== false)
    .map(({ name, port = 0 }) =>
      struct({ name: text(name), address: text(`127.0.0.1:${port}`), http: "()", service: text(name) }),
    );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = ${list([internet, ...workers, ...disks])},
  sockets = ${list(sockets)}
);

${services.map((service, index) => `const w${index} :Workerd.Worker = ${worker(service)};`).join("\n\n")}
`;
}

function worker({
  name,
  modules,
  bindings = {},
  durableObjects = [],
  storage,
  compatibilityDate,
  compatibilityFlags = [],
  outbound,
}) {
  return struct({
    modules: list(
      modules.map(({ name: file, type, path }) =>
        struct({ name: text(file), [MODULE_FIELDS[type]]: `embed ${text(path)}` }),
      ),
    ),
    compatibilityDate: text(compatibilityDate),
    compatibilityFlags: `[${compatibilityFlags.map(text).join(", ")}]`,
    bindings: list(Object.entries(bindings).map(([key, value]) => binding(key, value))),
    globalOutbound: text(outbound ?? "internet"),
    durableObjectNamespaces:
      durableObjects.length === 0
        ? undefined
        : list(
            durableObjects.map((className) =>
              struct({ className: text(className), uniqueKey: text(`${name}-${className}`) }),
            ),
          ),
    durableObjectStorage:
      durableObjects.length === 0
        ? undefined
        : struct(storage === undefined ? { inMemory: "void" } : { localDisk: text(`${name}-storage`) }),
  });
}

function binding(name, value) {
  const made = (fields) => struct({ name: text(name), ...fields });
  if (typeof value === "string") return made({ text: text(value) });
  const [kind, held] = Object.entries(value)[0];
  switch (kind) {
    case "json":
      return made({ json: text(JSON.stringify(held)) });
    case "fromEnvironment":
      return made({ fromEnvironment: text(held) });
    case "service":
      return made({ service: typeof held === "string" ? text(held) : designator(held) });
    case "durableObject":
      return made({
        durableObjectNamespace:
          typeof held === "string"
            ? text(held)
            : struct({ className: text(held.className), serviceName: text(held.service) }),
      });
    case "analyticsEngine":
      return made({ analyticsEngine: text(held) });
    default:
      throw new TypeError(
        `bindings.${name}: expected text, or one of json, fromEnvironment, service, durableObject, analyticsEngine`,
      );
  }
}

function designator({ name, entrypoint }) {
  return struct({ name: text(name), entrypoint: entrypoint === undefined ? undefined : text(entrypoint) });
}

export const moduleTypes = Object.keys(MODULE_FIELDS);
