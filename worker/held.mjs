// Which values an `env` holds. On Cloudflare a deployment that changes bindings alone may go on in the isolates that there
// are, with another `env`.

/** What `env` holds now: each name and its value, in turn. */
export function held(env) {
  const all = [];
  for (const name in env) all.push(name, env[name]);
  return all;
}

/** Whether `env` holds the very same now. */
export function holds(env, all) {
  let at = 0;
  for (const name in env) {
    if (all[at] !== name || all[at + 1] !== env[name]) return false;
    at += 2;
  }
  return at === all.length;
}
