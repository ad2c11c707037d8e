let last = 0;

/** A number that no other task of the process has. */
export function nextId(): number {
  last += 1;
  return last;
}
