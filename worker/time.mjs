// Waiting: for a promise, but no longer than so many milliseconds.

// What was promised, or whether it was time that ran out. Of a response that is
// the head alone: a body may stream for as long as it likes. Nothing is aborted:
// what nobody waits for ends with the request it belongs to.
export function settled(promised, millis) {
  if (millis < 0) return promised.catch(() => false);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis, true);
    const settle = (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    promised.then(settle, () => settle(false));
  });
}

export const passing = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
