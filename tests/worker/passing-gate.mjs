/**
 * The source of a class for `ATTENTION_GATE` that passes each question on to the real gate, `env.REAL`. `before` is
 * statements that run first: they know the question's `name`, and may answer instead.
 */
export const passingGate = (className, before) => `
import { DurableObject } from "cloudflare:workers";
export class ${className} extends DurableObject {
  #real = this.env.REAL.get(this.env.REAL.idFromName("upstream"));
  async #ask(name, args) {
    ${before}
    return this.#real[name](...args);
  }
  admit(...args) { return this.#ask("admit", args); }
  news(...args) { return this.#ask("news", args); }
  limited(...args) { return this.#ask("limited", args); }
  ledger(...args) { return this.#ask("ledger", args); }
}
`;
