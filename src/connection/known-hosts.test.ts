import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fingerprint, judgeKey, knownTypes, parseKnownHosts } from "./known-hosts.ts";

/** A key in wire format that differs in its last byte. */
function key(type: string, last: number): Buffer {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, Buffer.from([0, 0, 0, 1, last])]);
}
const line = (names: string, one: Buffer, type: string, marker = "") =>
  `${marker}${names} ${type} ${one.toString("base64")} comment\n`;
function hashed(name: string): string {
  const salt = Buffer.from("01234567890123456789");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

const ed = key("ssh-ed25519", 1);
const other = key("ssh-ed25519", 2);
const rsa = key("ssh-rsa", 3);

describe("judgeKey", () => {
  it.each([
    ["plain name", line("node1,10.0.0.1", ed, "ssh-ed25519"), "node1", 22, ed, "known"],
    ["case does not matter", line("Node1", ed, "ssh-ed25519"), "NODE1", 22, ed, "known"],
    ["wildcard", line("node*.example", ed, "ssh-ed25519"), "node7.example", 22, ed, "known"],
    ["question mark", line("node?", ed, "ssh-ed25519"), "node12", 22, ed, "unknown"],
    ["negation", line("*.example,!bad.example", ed, "ssh-ed25519"), "bad.example", 22, ed, "unknown"],
    ["hashed", line(hashed("node1"), ed, "ssh-ed25519"), "node1", 22, ed, "known"],
    ["hashed with port", line(hashed("[node1]:2222"), ed, "ssh-ed25519"), "node1", 2222, ed, "known"],
    ["another hashed name", line(hashed("node2"), ed, "ssh-ed25519"), "node1", 22, ed, "unknown"],
    ["port", line("[node1]:2222", ed, "ssh-ed25519"), "node1", 2222, ed, "known"],
    ["port of another entry", line("[node1]:2222", ed, "ssh-ed25519"), "node1", 22, ed, "unknown"],
    ["the same key without its port", line("node1", ed, "ssh-ed25519"), "node1", 2222, ed, "known"],
    ["another key without its port is no change", line("node1", other, "ssh-ed25519"), "node1", 2222, ed, "unknown"],
    ["changed", line("node1", other, "ssh-ed25519"), "node1", 22, ed, "changed"],
    ["only a key of another type is known", line("node1", rsa, "ssh-rsa"), "node1", 22, ed, "changed"],
    ["one of several", line("node1", other, "ssh-ed25519") + line("node1", ed, "ssh-ed25519"), "node1", 22, ed, "known"],
    ["revoked", line("*", ed, "ssh-ed25519", "@revoked ") + line("node1", ed, "ssh-ed25519"), "node1", 22, ed, "revoked"],
    [
      "another key is revoked",
      line("*", other, "ssh-ed25519", "@revoked ") + line("node1", ed, "ssh-ed25519"),
      "node1",
      22,
      ed,
      "known",
    ],
    ["authority only", line("*", other, "ssh-ed25519", "@cert-authority "), "node1", 22, ed, "unknown"],
    [
      "comment and broken lines",
      `# node1\nnode1 ssh-ed25519\nnode1 ssh-rsa ${ed.toString("base64")}\n`,
      "node1",
      22,
      ed,
      "unknown",
    ],
    ["IPv6", line("[fe80::1]:2222", ed, "ssh-ed25519"), "fe80::1", 2222, ed, "known"],
  ] as const)("%s", (_name, text, host, port, presented, verdict) => {
    expect(judgeKey(parseKnownHosts(text, "known_hosts"), host, port, presented).kind).toBe(verdict);
  });

  it("names file and line of what has changed", () => {
    const entries = parseKnownHosts(`# comment\n\n${line("node1", other, "ssh-ed25519")}`, "/k");
    expect(judgeKey(entries, "node1", 22, ed)).toMatchObject({ kind: "changed", known: [{ file: "/k", line: 3 }] });
  });
});

describe("knownTypes", () => {
  it("lists what can be compared", () => {
    const entries = parseKnownHosts(line("a", rsa, "ssh-rsa") + line("b", ed, "ssh-ed25519") + line("a", ed, "ssh-ed25519"), "k");
    expect(knownTypes(entries, "a", 22)).toEqual(["ssh-rsa", "ssh-ed25519"]);
    expect(knownTypes(entries, "c", 22)).toEqual([]);
    expect(knownTypes(entries, "b", 2222)).toEqual(["ssh-ed25519"]);
  });
});

describe("fingerprint", () => {
  it("is what ssh-keygen -l shows", () => {
    // GitHub's key and its published fingerprint.
    const blob = Buffer.from("AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", "base64");
    expect(fingerprint(blob)).toBe("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
  });
});
