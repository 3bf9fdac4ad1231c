// Runs the probe in a separate process, whose whole output is searched.
import { inspect } from "node:util";
import { importPacked } from "../runtimes/packed.mjs";
import { probe } from "./probe.mjs";

const { baseURL, secret, as } = JSON.parse(process.env.PROBE);
const talkative = (value) =>
  inspect(value, { depth: null, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null });
const texts = await probe(await importPacked(), { baseURL, secret, as, inspect: talkative });
process.send(texts, () => process.disconnect());
