//! Counts the tests that a suite ran, and lists those that failed, from its runner's output.

use std::ops::AddAssign;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Counts {
    /// The number of tests that ran; skipped ones did not.
    pub(crate) fn run(self) -> usize {
        self.passed + self.failed
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// libtest and wasm-bindgen-test: `test result: ok. 12 passed; 0 failed; 1 ignored; …`, once per test binary.
pub(crate) fn libtest(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        let Some((_, result)) = line.split_once("test result: ") else { continue };
        counts += Counts {
            passed: before(result, " passed"),
            failed: before(result, " failed"),
            skipped: before(result, " ignored"),
        };
    }
    counts
}

/// The number directly before `word`.
fn before(text: &str, word: &str) -> usize {
    text.split_once(word)
        .and_then(|(left, _)| left.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

/// Node's runner: `ℹ pass 12` (spec) or `# pass 12` (TAP). The last line of each kind counts, because tests may print
/// such lines themselves.
pub(crate) fn node(output: &str) -> Counts {
    let last = |word: &str| {
        let value = |line: &str| {
            let rest = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
            rest.strip_prefix(word)?.strip_prefix(' ')?.trim().parse::<usize>().ok()
        };
        output.lines().rev().find_map(value).unwrap_or(0)
    };
    Counts {
        passed: last("pass"),
        // A test is cancelled by a timeout or because its parent ended first. It proves nothing, so it does not count
        // as passed.
        failed: last("fail") + last("cancelled"),
        skipped: last("skipped") + last("todo"),
    }
}

/// The names of failed tests: `test path::name ... FAILED`, or `... FAIL` in a browser.
pub(crate) fn failed_of_libtest(output: &str) -> Vec<String> {
    let failed = |line: &str| {
        let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
        outcome.starts_with("FAIL").then(|| name.to_owned())
    };
    output.lines().filter_map(failed).collect()
}

/// Failed tests with their locations, from the list at the end of the output of Node's spec reporter. Each has two
/// lines, `test at FILE:LINE:COLUMN` and `✖ NAME (MILLISECONDSms)`. The output of the tests themselves is indented
/// there.
pub(crate) fn failed_of_node(output: &str) -> Vec<String> {
    let Some((_, list)) = output.rsplit_once("\n✖ failing tests:\n") else { return Vec::new() };
    let lines: Vec<&str> = list.lines().collect();
    let failed = |pair: &[&str]| {
        let place = pair[0].strip_prefix("test at ")?;
        let (line, _column) = place.rsplit_once(':')?;
        let (file, _) = line.rsplit_once(':')?;
        // A test marked as to do may fail; the mark follows the time.
        let (name, _) = pair[1].strip_prefix("✖ ")?.strip_suffix("ms)")?.rsplit_once(" (")?;
        // A file that fails before its first test is listed by its full path.
        Some(format!("{line}  {}", if name.ends_with(file) { "the file itself" } else { name }))
    };
    lines.windows(2).filter_map(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_binaries_are_summed() {
        let output = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
            test result: FAILED. 30 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.05s\n";
        assert_eq!(libtest(output), Counts { passed: 32, failed: 4, skipped: 1 });
    }

    #[test]
    fn no_result_is_no_test() {
        assert_eq!(libtest("error: could not compile"), Counts::default());
        assert_eq!(node("SyntaxError"), Counts::default());
    }

    #[test]
    fn the_result_of_a_browser_is_read() {
        let output =
            "    Finished\n\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.14s\n";
        assert_eq!(libtest(output).passed, 3);
    }

    #[test]
    fn both_reporters_of_node_are_read() {
        let spec = "✔ a (1ms)\nℹ tests 9\nℹ suites 0\nℹ pass 5\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 1\nℹ duration_ms 9\n";
        let expected = Counts { passed: 5, failed: 2, skipped: 2 };
        assert_eq!(node(spec), expected);
        assert_eq!(node(&spec.replace('ℹ', "#")), expected);
    }

    #[test]
    fn failed_tests_are_named_with_their_place() {
        let output = "✖ outer (9.9ms)\nℹ fail 3\n\n✖ failing tests:\n\n\
            test at tests/a.test.mjs:2:29\n✖ adds (really) (1.43ms)\n  Error: a\n  ✖ failing tests:\n  test at x:1:1\n  \
            ✖ forged (1ms)\n\ntest at tests/a.test.mjs:4:6\n✖ later (0.2ms) # TODO\n  'x'\n\n\
            test at tests/b.test.mjs:1:1\n✖ /here/tests/b.test.mjs (110.7ms)\n  'test failed'\n";
        assert_eq!(
            failed_of_node(output),
            ["tests/a.test.mjs:2  adds (really)", "tests/b.test.mjs:1  the file itself"]
        );
        assert!(failed_of_node("✔ a (1ms)\nℹ pass 1\n").is_empty());
    }

    #[test]
    fn failed_tests_of_rust_are_named() {
        let output = "test a::good ... ok\ntest a::bad ... FAILED\ntest b::worse ... FAIL\n\
            test c::slow ... ignored, why\ntest result: FAILED. 1 passed; 2 failed; 1 ignored\n";
        assert_eq!(failed_of_libtest(output), ["a::bad", "b::worse"]);
    }

    #[test]
    fn a_test_cannot_forge_the_summary() {
        assert_eq!(node("# pass 1000\nok 1 - x\n# pass 1\n# fail 0\n").passed, 1);
    }
}
