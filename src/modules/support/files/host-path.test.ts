import { describe, expect, it } from "vitest";
import { hostPath } from "./host-path.ts";

describe("a path of a task on the host", () => {
  it.each([
    ["/a//b/./c/", "/a/b/c"],
    ["/a/../b", "/a/../b"],
    ["~", "/home/ada"],
    ["~/x", "/home/ada/x"],
    ["$HOME/x", "/home/ada/x"],
    [`\${HOME}/x`, "/home/ada/x"],
    ["$HOME", "/home/ada"],
    ["$HOMEWARD/x", "/home/ada/$HOMEWARD/x"],
    ["/srv/$HOME", "/srv/$HOME"],
    ["x/y", "/home/ada/x/y"],
    ["~bob/x", "/home/ada/~bob/x"],
  ])("%s", (path, absolute) => {
    expect(hostPath(path, { home: "/home/ada" })).toBe(absolute);
  });
});
