// Runs `wrangler` like npx and npm scripts do: from the project, or from this machine.
import { type Ended, type Running, runProgram } from "../programs.js";
import { type Outcome, outcome } from "./steps.js";

export const wrangler = (args: readonly string[], options: Running) => runProgram("wrangler", args, options);

/** The result of a program for a place; `well` is the report of success. */
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
        isMissing ? "wrangler is not installed: npm install --save-dev wrangler" : `${name} ${ended.reason}${said}`,
      );
    }
  }
}
