let last = 0;

/** Now, in milliseconds, and later than any moment before: tasks of a dry run follow one another within the same millisecond. */
export function moment(): number {
  last = Math.max(Date.now(), last + 0.01);
  return last;
}
