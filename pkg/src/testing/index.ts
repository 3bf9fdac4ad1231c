// The mock is in pkg/testing. Suites of earlier commits, which `--tests-of` runs, bundle it from here.
export * from "../../testing/index.js";
