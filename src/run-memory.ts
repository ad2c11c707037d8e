const forgetting: (() => void)[] = [];

/**
 * Something that is remembered for as long as one command runs: keys, files of settings, downloads. A process may run several commands, one after the
 * other, and what is outside may have changed between them. What is known by its content needs none of this.
 */
export function rememberedForRun<T>(make: () => T): () => T {
  let value = make();
  forgetting.push(() => {
    value = make();
  });
  return () => value;
}

/** A command begins: nothing is known from the one before. */
export function forgetLastRun(): void {
  for (const forget of forgetting) forget();
}
