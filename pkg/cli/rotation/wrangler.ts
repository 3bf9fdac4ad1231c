// `wrangler`, as it is found by npx and npm scripts: in the project, or on this machine.
import { type Ended, type Running, runProgram } from "../programs.js";
import { type Outcome, outcome } from "./steps.js";

export const wrangler = (args: readonly string[], options: Running) => runProgram("wrangler", args, options);

/** What a program's end means for a place; `well` is what it means if all went well. */
export function judged(name: string, ended: Ended, well: "delivered" | "cleared"): Outcome {
  switch (ended.kind) {
    case "well":
      return outcome(well);
    case "late":
      return outcome("lost", `${name} did not end within ${ended.seconds} s, and was stopped`);
    case "badly": {
      const isMissing = ended.reason.includes("ENOENT") && name === "wrangler";
      const said = ended.said === "" ? "" : `: ${ended.said.split("\n").slice(-5).join(" / ").slice(0, 500)}`;
      return outcome(
        "failed",
        isMissing ? "wrangler is not there: npm install --save-dev wrangler" : `${name} ${ended.reason}${said}`,
      );
    }
  }
}
