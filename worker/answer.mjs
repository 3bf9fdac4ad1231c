// Answers, with what every one of them carries.

// Made once for an isolate, from the gatekeeper's lists.
export class Answers {
  #always;
  #down;
  #keys;
  #models = new Map();

  // What every answer carries, as a flat list of names and values; the names of the
  // headers that come down from the API; the keys, none of which may come down.
  constructor(always = [], down = [], keys = []) {
    this.#always = new Headers();
    for (let i = 0; i < always.length; i += 2) this.#always.set(always[i], always[i + 1]);
    this.#down = new Set(down);
    this.#keys = keys;
  }

  // An answer of the Worker's own.
  own(status, body, headers) {
    const answer = this.#made(status, body);
    for (const name in headers) answer.headers.set(name, headers[name]);
    return answer;
  }

  // The API's answer with this body. Only headers of the list come down, and none
  // that echoes a key; of the status line, the number alone.
  passed(response, body) {
    const answer = this.#made(response.status, body);
    const { headers } = answer;
    response.headers.forEach((value, name) => {
      if (this.comesDown(name, value)) headers.set(name, value);
    });
    return answer;
  }

  // Whether a header of the API's may come down.
  comesDown(name, value) {
    return this.#down.has(name) && !this.#echoes(value);
  }

  // A copy of one with this status: the runtime copies headers for a fraction of
  // what it takes to set them.
  #made(status, body) {
    let model = this.#models.get(status);
    if (model === undefined) {
      model = new Response(null, { status, headers: this.#always });
      this.#models.set(status, model);
    }
    return new Response(body, model);
  }

  // Whether a header holds a key, as it is or percent-encoded.
  #echoes(value) {
    const decoded = value.includes("%") ? unescape(value) : value;
    return this.#keys.some((key) => value.includes(key) || decoded.includes(key));
  }
}
