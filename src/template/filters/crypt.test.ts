import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { shaCrypt } from "../sha-crypt.ts";

describe("crypt(3) with SHA", () => {
  it("says how often it was stretched when that was asked for", () => {
    expect(shaCrypt("sha512", "a", "ab./09ZZ", 1000)).toMatch(/^\$6\$rounds=1000\$ab\.\/09ZZ\$[./0-9A-Za-z]{86}$/);
  });

  it.each(["a", "correct horse battery", "ä€𝄞", "x".repeat(65), "y".repeat(130)])("agrees with openssl about %j", (password) => {
    for (const [flag, kind] of [
      ["-6", "sha512"],
      ["-5", "sha256"],
    ] as const) {
      const told = execFileSync("openssl", ["passwd", flag, "-salt", "ab./09ZZ", "-stdin"], {
        input: `${password}\n`,
        encoding: "utf8",
      });
      expect(shaCrypt(kind, password, "ab./09ZZ", undefined)).toBe(told.trim());
    }
  });
});
