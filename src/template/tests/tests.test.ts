import { describe, expect, it } from "vitest";
import { evaluateCondition } from "../template.ts";
import { contextOf } from "../test-context.test-support.ts";

const context = contextOf(`
ok: { failed: false, changed: true }
bad: { failed: true, msg: x, rc: 1 }
skip: { skipped: true, changed: false }
gone: { unreachable: true }
loop: { results: [{ changed: false }, { changed: true }] }
version: 1.28.3+k3s1
vaulted: $ANSIBLE_VAULT;1.1;AES256
`);

describe("tests", () => {
  it.each([
    ["ok is succeeded and ok is success and ok is successful", true],
    ["ok is changed and ok is change", true],
    ["ok is failed", false],
    ["bad is failed and bad is failure", true],
    ["bad is not succeeded", true],
    ["skip is skipped and skip is skip", true],
    ["skip is changed", false],
    ["gone is unreachable and ok is reachable", true],
    ["loop is changed", true],
    ["ok is finished", true],
    ["'v1.28.3' is match('v1')", true],
    ["'xv1' is match('v1')", false],
    ["'xv1' is search('v1')", true],
    ["'ABC' is search('b', ignorecase=true)", true],
    ["'abc' is regex('^b', multiline=true)", false],
    ["'a\\nb' is regex('^b', multiline=true)", true],
    ["'abc' is regex('abc', match_type='fullmatch')", true],
    ["'1.10.0' is version('1.9', '>')", true],
    ["'1.2' is version('1.2.0', '==')", false],
    ["'1.2.0' is version('1.2', 'ge')", true],
    ["'1.2.3' is version('1.2.3', '<=', strict=true)", true],
    ["'1.2.3-rc.1' is version('1.2.3', '<', version_type='semver')", true],
    ["'1.28.3+k3s1' is version('1.28.3', '==', version_type='semver')", true],
    ["'v1.28.3+k3s1' is version('v1.28.2+k3s1', '>')", true],
    ["'1.0rc1' is version('1.0', '<', version_type='pep440')", true],
    ["'1.0.post1' is version('1.0', '>', version_type='pep440')", true],
    ["'22.04' is version('20.04', '>=')", true],
    ["[1, 2] is subset([1, 2, 3])", true],
    ["[1, 2, 3] is superset([3])", true],
    ["[1, 2] is contains(2)", true],
    ["'abc' is contains('b')", true],
    ["[true, false] is any", true],
    ["[true, false] is all", false],
    ["'x' is truthy and '' is falsy", true],
    ["'no' is truthy(convert_bool=true)", false],
    ["'/' is exists and '/' is directory and '/etc/passwd' is file", true],
    ["'/nope' is exists", false],
    ["'/' is mount and '/x' is abs and 'x' is not abs", true],
    ["'/etc' is same_file('/etc/.')", true],
    ["'/proc/self' is link", true],
    ["vaulted is vault_encrypted", true],
    ["('nan' | float) is nan", true],
    ["'https://x.org/a' is url and 'urn:a:b' is urn and 'mailto:x@y' is uri", true],
    ["'a' is ansible.builtin.match('a')", true],
    ["'10.0.0.1' is ansible.utils.ip and 'fe80::1' is ansible.utils.ipv6_address", true],
    ["1 is integer and true is not integer and 1.0 is float and true is boolean", true],
  ])("%s", (condition, expected) => {
    expect(evaluateCondition(condition, undefined, context)).toBe(expected);
  });

  it.each([
    ["1 is failed", 'the test "failed" needs what a task registered, not int'],
    ["nope is failed", '"nope" is undefined'],
    ["'a' is version('1', '~')", /^version: "~" is no operator/],
    ["none is match('x')", 'the test "match" needs a string, not NoneType'],
    ["'a' is odd", "a str cannot be divided"],
  ])("%s is refused", (condition, message) => {
    expect(() => evaluateCondition(condition, undefined, context)).toThrow(message);
  });
});
