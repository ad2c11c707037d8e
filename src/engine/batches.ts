/**
 * Cuts the hosts of a play into batches as `serial` says: a number, a percentage, or a list of them whose last one holds for
 * all that remain. Throws RangeError with a sentence for the user.
 */
export function batchesOf<T>(hosts: readonly T[], serial: unknown): readonly (readonly T[])[] {
  if (hosts.length === 0) return [];
  const sizes = (Array.isArray(serial) ? serial : [serial]).map((one) => batchSize(one, hosts.length));
  const batches: T[][] = [];
  let from = 0;
  for (let index = 0; from < hosts.length; index += 1) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? hosts.length;
    batches.push(hosts.slice(from, from + size));
    from += size;
  }
  return batches;
}

function batchSize(serial: unknown, hosts: number): number {
  if (serial === undefined || serial === null || serial === "" || serial === 0 || serial === "0") return hosts;
  const text = String(serial).trim();
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  // Ansible rounds a percentage down, but never to an empty batch.
  if (percent !== undefined) return Math.max(1, Math.floor((hosts * Number(percent)) / 100));
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(`serial is "${text}", but must be a number of hosts or a percentage such as "30%"`);
}

/** Has the play lost more hosts than `max_fail_percentage` allows? As in Ansible, exactly that many are still allowed. */
export function tooManyFailures(failures: number, hosts: number, maxFailPercentage: number | undefined): boolean {
  return maxFailPercentage !== undefined && failures > 0 && (failures / hosts) * 100 > maxFailPercentage;
}
