import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { joinSh, sh } from "../../../sh.ts";
import { type LocalHost, localHost, SHELLS } from "../run-local.test-support.ts";
import { proxyFor, proxyFunctions, proxySettings } from "./proxy.ts";

const P = "http://p.example.org:3128";
type Case = readonly [url: string, environment: Readonly<Record<string, string>>, proxy: string];
const direct = (url: string, list: string): Case => [url, { http_proxy: P, https_proxy: P, no_proxy: list }, ""];
const through = (url: string, list: string): Case => [url, { http_proxy: P, https_proxy: P, no_proxy: list }, P];

const cases: readonly Case[] = [
  ["http://a/", {}, ""],
  ["http://a/", { http_proxy: P }, P],
  ["https://a/", { http_proxy: P }, ""],
  ["HTTPS://a/", { https_proxy: "http://s:1" }, "http://s:1"],
  ["http://a/", { HTTP_PROXY: P }, P],
  ["http://a/", { http_proxy: "http://l:1", HTTP_PROXY: P }, "http://l:1"],
  ["http://a/", { http_proxy: "", HTTP_PROXY: P }, ""],
  ["http://a/", { all_proxy: P }, P],
  ["http://a/", { all_proxy: P, http_proxy: "http://l:1" }, "http://l:1"],
  ["http://a/", { http_proxy: "http://u:p%40x@h:1" }, "http://u:p%40x@h:1"],
  ["http://a/", { HTTP_PROXY: P, NO_PROXY: "a" }, ""],
  direct("http://a/", "*"),
  direct("http://u:p@a:8080/x?y=http://b/", "b,a"),
  direct("http://A.Example.ORG/", "x, example.org"),
  direct("http://a.example.org/", ".EXAMPLE.org"),
  direct("http://a.example.org/", "*.example.org"),
  direct("http://example.org/", ".example.org"),
  through("http://badexample.org/", "example.org"),
  through("http://example.org.evil/", "example.org"),
  through("http://a/", ", ,."),
  direct("http://a:8080/", "a:8080"),
  through("http://a:8081/", "a:8080"),
  direct("https://a/", "a:443"),
  through("http://a/", "a:443"),
  direct("http://10.43.7.1/", "192.168.0.0/16,10.43.0.0/16"),
  through("http://10.44.7.1/", "10.43.0.0/16"),
  direct("http://127.0.0.1:99/", "127.0.0.0/8"),
  direct("http://8.8.8.8/", "0.0.0.0/0"),
  direct("http://10.0.0.1/", "10.0.0.1/32"),
  through("http://10.0.0.2/", "10.0.0.1/32"),
  through("http://10.0.0.1/", "10.0.0.0/33"),
  through("http://10.0.0.1/", "10.0.0.0/"),
  through("http://10.example.org/", "10.0.0.0/8"),
  direct("http://10.0.0.1/", "10.0.0.1"),
  direct("http://[::1]/", "::1"),
  direct("http://[::1]:80/", "[::1]"),
  direct("http://[::1]:81/", "[::1]:81"),
  through("http://[::1]/", "[::1]:81"),
  through("http://[fe80::1]/", "::1"),
];

describe.each(SHELLS)("which proxy, with %s", (shell) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await localHost(shell);
  });
  afterAll(() => host.remove());

  it("finds the same as the control node does", async () => {
    const scripts = cases.map(([url, environment]) => {
      const given = Object.entries(environment).map(([name, value]) => sh`${name}=${value}; export ${name}`);
      return joinSh([sh`(`, ...given, sh`k3_find_proxy ${url}; echo "<$k3_proxy>"; )`]);
    });
    const output = await host.run(joinSh([proxyFunctions, ...scripts]));
    expect(output.stderr.toString()).toBe("");
    const found = output.stdout.toString().trim().split("\n");
    expect(cases.map(([url, environment], index) => [url, environment, found[index]])).toEqual(
      cases.map(([url, environment, proxy]) => [url, environment, `<${proxy}>`]),
    );
  });
});

it.each(cases)("%s with %j goes through %s", (url, environment, proxy) => {
  expect(proxyFor(new URL(url), proxySettings(environment))?.href.replace(/\/$/, "") ?? "").toBe(proxy);
});
