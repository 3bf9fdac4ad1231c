// Answers, with what every one of them carries.

// Made once for an isolate, from the gatekeeper's lists.
export class Answers {
  #always;
  #down;
  #gatekeeper;
  #models = new Map();

  // What every answer carries, as a flat list of names and values; the names of the
  // headers that come down from the API; who knows whether one echoes a key.
  constructor(always = [], down = [], gatekeeper) {
    this.#always = new Headers();
    for (let i = 0; i < always.length; i += 2) this.#always.set(always[i], always[i + 1]);
    this.#down = new Set(down);
    this.#gatekeeper = gatekeeper;
  }

  // An answer of the Worker's own.
  own(status, body, headers) {
    const answer = this.bare(status, body);
    for (const name in headers) answer.headers.set(name, headers[name]);
    return answer;
  }

  // The API's answer with this body. Only headers of the list come down, and none
  // that echoes a key; of the status line, the number alone.
  passed(response, body) {
    const answer = this.bare(response.status, body);
    const { headers } = answer;
    const coming = [];
    let values = "";
    response.headers.forEach((value, name) => {
      if (!this.#down.has(name)) return;
      coming.push([name, value]);
      values += `${value}\n`;
    });
    // One question for all of them: that any echoes a key is rare.
    const echoes = this.#gatekeeper.echoes(values);
    for (const [name, value] of coming) if (!echoes || !this.#gatekeeper.echoes(value)) headers.set(name, value);
    return answer;
  }

  // A copy of one with this status: the runtime copies headers for a fraction of
  // what it takes to set them.
  bare(status, body) {
    let model = this.#models.get(status);
    if (model === undefined) {
      model = new Response(null, { status, headers: this.#always });
      this.#models.set(status, model);
    }
    return new Response(body, model);
  }
}

// Frees the connection of a response that nobody will read.
export function discard(response) {
  response.body?.cancel().catch(() => {});
}
