#!/usr/bin/env node
// Wrangler, as far as a rotation calls it: secrets are the members of a JSON file, FAKE_SECRETS. Like the real one, it
// takes what is piped without its trailing white space, and fails to delete what is not there.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const file = process.env.FAKE_SECRETS;
const secrets = JSON.parse(readFileSync(file, "utf8"));
const [group, command, ...rest] = process.argv.slice(2);
if (process.env.ATTENTION_API_KEY !== undefined) process.exit(97);

function keep() {
  writeFileSync(`${file}.part`, JSON.stringify(secrets));
  renameSync(`${file}.part`, file);
}

// FAKE_FAULT is `COMMAND:NAME:FAULT`; it happens while the file FAKE_SECRETS.fault is there.
const [on, name, fault] = (process.env.FAKE_FAULT ?? "").split(":");
const happens = on === command && (name === "" || name === rest[0]) && existsSync(`${file}.fault`);
if (happens && fault === "silent") process.exit(0);
if (happens && fault === "before") fail();
function fail() {
  // As a tool does that shows too much.
  console.error(`it failed; it was given ${secrets.ATTENTION_API_KEY}`);
  process.exit(1);
}

const piped = () => readFileSync(0, "utf8").trimEnd();
if (group === "secret" && command === "put") {
  secrets[rest[0]] = piped();
  keep();
} else if (group === "secret" && command === "list") {
  console.log(JSON.stringify(Object.keys(secrets).map((name) => ({ name, type: "secret_text" }))));
} else if (group === "secret" && command === "delete") {
  if (!(rest[0] in secrets)) {
    console.error("Binding not found [code: 10056]");
    process.exit(1);
  }
  delete secrets[rest[0]];
  keep();
} else if (group === "secrets-store" && command === "secret" && rest[0] === "update" && rest.at(-1) === "--remote") {
  secrets[rest[rest.indexOf("--secret-id") + 1]] = piped();
  keep();
} else {
  console.error(`unknown: ${group} ${command}`);
  process.exit(1);
}
if (happens && fault === "after") fail();
