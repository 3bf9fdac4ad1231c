// Reproducible random numbers.

/** Numbers from 0 to 1 (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random choices. */
export function dice(seed) {
  const next = random(seed);
  const below = (bound) => Math.floor(next() * bound);
  return { below, pick: (list) => list[below(list.length)], chance: (percent) => below(100) < percent };
}
