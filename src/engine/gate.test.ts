import { describe, expect, it } from "vitest";
import { compareOrders, LinearGate } from "./gate.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("compareOrders", () => {
  it.each([
    [[1], [2], -1],
    [[1, 5], [2], -1],
    [[1], [1, 0], -1],
    [[1, 0, 3], [1, 0, 3], 0],
    [[1, 2], [1, 0, 9], 1],
  ])("%j against %j", (a, b, sign) => {
    expect(Math.sign(compareOrders(a, b))).toBe(sign);
  });
});

describe("LinearGate", () => {
  it("holds a host back until all have come to the task", async () => {
    const gate = new LinearGate(["a", "b"]);
    const passed: string[] = [];
    void gate.arrive("a", [0]).then(() => passed.push("a"));
    await settled();
    expect(passed).toEqual([]);
    void gate.arrive("b", [0]).then(() => passed.push("b"));
    await settled();
    expect(passed).toEqual(["a", "b"]);
  });

  it("lets the earliest task go first when hosts are at different ones", async () => {
    const gate = new LinearGate(["a", "b"]);
    const passed: string[] = [];
    void gate.arrive("a", [3]).then(() => passed.push("a"));
    void gate.arrive("b", [1, 0]).then(() => passed.push("b"));
    await settled();
    expect(passed).toEqual(["b"]);
    void gate.arrive("b", [3]).then(() => passed.push("b again"));
    await settled();
    expect(passed).toEqual(["b", "a", "b again"]);
  });

  it("lets hosts go on in the play's order, whoever came last", async () => {
    const gate = new LinearGate(["a", "b", "c"]);
    const passed: string[] = [];
    const arrive = async (host: string): Promise<void> => {
      await gate.arrive(host, [0]);
      passed.push(host);
    };
    for (const host of ["b", "c", "a"]) void arrive(host);
    await settled();
    expect(passed).toEqual(["a", "b", "c"]);
  });

  it("does not wait for a host that has left", async () => {
    const gate = new LinearGate(["a", "b"]);
    const passed: string[] = [];
    void gate.arrive("a", [0]).then(() => passed.push("a"));
    gate.leave("b");
    await settled();
    expect(passed).toEqual(["a"]);
  });
});
