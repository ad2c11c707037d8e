import { describe, expect, it } from "vitest";
import { toPlain } from "../../vars/plain.ts";
import { evaluateExpression } from "../template.ts";
import { contextOf } from "../test-context.test-support.ts";

const context = contextOf(`
d1: { a: 1, n: { x: 1, l: [1, 2] } }
d2: { b: 2, n: { y: 2, l: [2, 3] } }
users:
  - { name: bob, keys: [k1, k2], uid: 1 }
  - { name: eve, keys: [k3], uid: 2 }
conf: "a = 1\\nb = 2\\n"
`);
const evaluate = (expression: string): unknown => toPlain(evaluateExpression(expression, undefined, context));

describe("dicts", () => {
  it.each<[string, unknown]>([
    ["d1 | combine(d2)", { a: 1, b: 2, n: { y: 2, l: [2, 3] } }],
    ["d1 | combine(d2, recursive=true)", { a: 1, b: 2, n: { x: 1, y: 2, l: [2, 3] } }],
    ["(d1 | combine(d2, recursive=true, list_merge='append')).n.l", [1, 2, 2, 3]],
    ["(d1 | combine(d2, recursive=true, list_merge='append_rp')).n.l", [1, 2, 3]],
    ["(d1 | combine(d2, recursive=true, list_merge='prepend')).n.l", [2, 3, 1, 2]],
    ["(d1 | combine(d2, recursive=true, list_merge='prepend_rp')).n.l", [2, 3, 1]],
    ["(d1 | combine(d2, recursive=true, list_merge='keep')).n.l", [1, 2]],
    ["{} | combine({'a': 1}, {'a': 2}, [{'b': 3}])", { a: 2, b: 3 }],
    ["[{'a': 1}, {'b': 2}] | combine", { a: 1, b: 2 }],
    ["{'a': 1} | dict2items", [{ key: "a", value: 1 }]],
    ["['b', 'a', 'b'] | community.general.counter", { b: 2, a: 1 }],
    ["{'a': 1} | dict2items(key_name='k', value_name='v')", [{ k: "a", v: 1 }]],
    ["[{'key': 'a', 'value': 1}] | items2dict", { a: 1 }],
    ["users | items2dict(key_name='name', value_name='uid')", { bob: 1, eve: 2 }],
    ["users | rekey_on_member('name') | list", ["bob", "eve"]],
    ["users | subelements('keys') | map('last') | list", ["k1", "k2", "k3"]],
    ["users | subelements('nope', skip_missing=True)", []],
    ["['bob', 'x'] | map('extract', {'bob': 1, 'x': 2}) | list", [1, 2]],
    ["'n' | extract(d1, 'x')", 1],
    ["'n' | extract(d1, ['l', 0])", 1],
    ["dict(['a', 'b'] | zip([1, 2]))", { a: 1, b: 2 }],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});

describe("lists", () => {
  it.each<[string, unknown]>([
    ["[1, [2, [3, [4]]]] | flatten", [1, 2, 3, 4]],
    ["[1, [2, [3]]] | flatten(levels=1)", [1, 2, [3]]],
    ["[1, none, [none]] | flatten", [1]],
    ["[1, none] | flatten(skip_nulls=false)", [1, null]],
    ["[1, 2] | union([2, 3])", [1, 2, 3]],
    ["[1, 2, 2] | intersect([2, 3])", [2]],
    ["[1, 2, 'a'] | difference([2])", [1, "a"]],
    ["[1, 2] | symmetric_difference([2, 3])", [1, 3]],
    ["[{'a': 1}, {'a': 1}, {'a': 2}] | unique", [{ a: 1 }, { a: 2 }]],
    ["['A', 'a'] | union(['B'])", ["A", "a", "B"]],
    [
      "[1, 2] | zip(['a', 'b', 'c']) | list",
      [
        [1, "a"],
        [2, "b"],
      ],
    ],
    [
      "[1] | zip_longest(['a', 'b'], fillvalue='-') | list",
      [
        [1, "a"],
        ["-", "b"],
      ],
    ],
    ["[1, 2] | product(['a', 'b']) | map('join') | list", ["1a", "1b", "2a", "2b"]],
    ["[1, 2, 3] | permutations(2) | list | length", 6],
    [
      "[1, 2, 3] | combinations(2) | list",
      [
        [1, 2],
        [1, 3],
        [2, 3],
      ],
    ],
    ["[3, 1] | min", 1],
    ["users | max(attribute='uid')", { name: "eve", keys: ["k3"], uid: 2 }],
    ["60 | random(seed='node1')", 36],
    ["60 | random(seed=5)", 39],
    ["100 | random(start=50, step=5, seed='x')", 75],
    ["['a', 'b', 'c'] | random(seed='x')", "c"],
    ["[1, 2, 3, 4, 5] | shuffle(seed='x')", [5, 2, 1, 4, 3]],
    ["[1, 2, 3] | shuffle | sort", [1, 2, 3]],
    ["['b', 'a'] | join(',')", "b,a"],
    ["'a,b' | split(',')", ["a", "b"]],
    ["'a b' | split", ["a", "b"]],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});

describe("values", () => {
  it.each<[string, unknown]>([
    ["'yes' | bool", true],
    ["'On' | bool", true],
    ["'no' | bool", false],
    ["'whatever' | bool", false],
    ["1 | bool", true],
    ["none | bool", null],
    ["true | ternary('a', 'b')", "a"],
    ["none | ternary('a', 'b', 'c')", "c"],
    ["none | ternary('a', 'b')", "b"],
    ["'' | default('x', true)", "x"],
    ["[] | type_debug", "list"],
    ["1 | type_debug ~ ' ' ~ (1.0 | type_debug) ~ ' ' ~ (none | type_debug)", "int float NoneType"],
    ["'a' | mandatory", "a"],
    ["1024 | log(2)", 10],
    ["2 | pow(3)", 8],
    ["27 | root(3)", 3],
    ["1536 | human_readable", "1.50 KB"],
    ["1536 | human_readable(isbits=true)", "1.50 Kb"],
    ["10 | human_readable", "10.00 Bytes"],
    ["1048576 | human_readable(unit='K')", "1024.00 KB"],
    ["'1.5 GB' | human_to_bytes", 1610612736],
    ["'10' | human_to_bytes(default_unit='M')", 10485760],
    ["'512M' | human_to_bytes", 536870912],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});

describe("text", () => {
  it.each<[string, unknown]>([
    ["conf | regex_replace('^(\\\\w+) = ', '\\\\1: ', multiline=true)", "a: 1\nb: 2\n"],
    ["'localhost:80' | regex_replace('^(?P<host>.+):(?P<port>\\\\d+)$', '\\\\g<host>, \\\\g<port>')", "localhost, 80"],
    ["'aaa' | regex_replace('a', 'b', count=2)", "bba"],
    ["'AbC' | regex_replace('b', 'x', ignorecase=true)", "AxC"],
    ["['ax', 'bx'] | map('regex_replace', 'x$', 'y') | list", ["ay", "by"]],
    ["'foo' | regex_replace('^', '#')", "#foo"],
    ["'v1.2.3' | regex_search('\\\\d+\\\\.\\\\d+')", "1.2"],
    ["'v1.2' | regex_search('v(\\\\d+)\\\\.(\\\\d+)', '\\\\1', '\\\\2')", ["1", "2"]],
    ["'a=1' | regex_search('(?P<v>\\\\d)', '\\\\g<v>')", ["1"]],
    ["'x' | regex_search('y')", null],
    ["'x' | regex_search('y') is none", true],
    ["'a1b22' | regex_findall('\\\\d+')", ["1", "22"]],
    [
      "'a=1,b=2' | regex_findall('(\\\\w)=(\\\\d)')",
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    ["'A1' | regex_findall('(?i)a')", ["A"]],
    ["'a.b*c' | regex_escape", "a\\.b\\*c"],
    ["'a-b c' | regex_escape", "a\\-b\\ c"],
    ["'end\\n' is match('end$')", true],
    ["'a\\nb' | regex_search('a.b')", null],
    ["'a\\nb' | regex_search('(?s)a.b')", "a\nb"],
    ["'x]y' | regex_replace('[]x]', '-')", "--y"],
    ["'a-b' | regex_replace('[\\\\w-]+', 'z')", "z"],
    ["'10.0.0.1' | regex_search('\\\\A(?:\\\\d{1,3}\\\\.){3}\\\\d{1,3}\\\\Z')", "10.0.0.1"],
    ["'a{b}' | regex_replace('{b}', 'c')", "ac"],
    ["'x' | quote", "x"],
    ["'a b' | quote", "'a b'"],
    ["'' | quote", "''"],
    ["'text\\nmore' | comment", "#\n# text\n# more\n#"],
    ["'text' | comment('c')", "//\n// text\n//"],
    ["'text' | comment('cblock')", "/*\n *\n * text\n *\n */"],
    ["'text' | comment('plain', prefix='', postfix='')", "# text"],
    ["'x' | comment(decoration='! ')", "!\n! x\n!"],
    ["'ä' | b64encode", "w6Q="],
    ["'w6Q=' | b64decode", "ä"],
    ["'a' | hash('sha256')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"],
    ["'a' | hash", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"],
    ["'a' | md5", "0cc175b9c0f1b6a831c399e269772661"],
    ["'a' | checksum", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"],
    ["'a' | to_uuid", "9b6d1a0c-51b1-5093-93fc-cf09a700edff"],
    [
      "'secret' | password_hash('sha512', 'saltsalt')",
      "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
    ],
    ["'http://u:p@Host:8080/a/b?x=1#f' | urlsplit('port')", 8080],
    ["'http://u:p@Host:8080/a/b?x=1#f' | urlsplit('hostname')", "host"],
    ["'a%20b+c' | urldecode", "a b c"],
    ["'a b/c' | urlencode", "a%20b/c"],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});

describe("paths and dates", () => {
  it.each<[string, unknown]>([
    ["'/a/b.txt' | basename", "b.txt"],
    ["'/a/b/' | basename", ""],
    ["'/a/b.txt' | dirname", "/a"],
    ["'/a' | dirname", "/"],
    ["'a' | dirname", ""],
    ["'/a/b.tar.gz' | splitext", ["/a/b.tar", ".gz"]],
    ["'.bashrc' | splitext", [".bashrc", ""]],
    ["['/a', 'b', 'c.txt'] | path_join", "/a/b/c.txt"],
    ["['/a', '/b'] | path_join", "/b"],
    ["'/a/b/../c' | normpath", "/a/c"],
    ["'/a/b/c' | relpath('/a')", "b/c"],
    ["['/a/b/c', '/a/b/d'] | commonpath", "/a/b"],
    ["'%Y-%m-%d %H:%M:%S' | strftime(0, utc=true)", "1970-01-01 00:00:00"],
    ["'%j %a %b %y' | strftime(1700000000, utc=true)", "318 Tue Nov 23"],
    ["(('2024-03-02 00:00:00' | to_datetime) - ('2024-02-28 00:00:00' | to_datetime)).days", 3],
    ["('2024-03-02' | to_datetime('%Y-%m-%d')).strftime('%d.%m.%Y')", "02.03.2024"],
    ["(('2024-01-01 00:00:01' | to_datetime) - ('2024-01-01 00:00:00' | to_datetime)).total_seconds()", 1],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});

describe("JSON and YAML", () => {
  it.each<[string, unknown]>([
    ["{'b': [1, 1.0, none, true], 'a': 'ä'} | to_json", '{"b": [1, 1.0, null, true], "a": "\\u00e4"}'],
    ["{'b': 1, 'a': []} | to_nice_json", '{\n    "a": [],\n    "b": 1\n}'],
    ["{'b': 1} | to_nice_json(indent=2)", '{\n  "b": 1\n}'],
    ["'ä' | to_json(ensure_ascii=false)", '"ä"'],
    ["'{\"a\": [1, 2.0, null]}' | from_json", { a: [1, 2, null] }],
    ["'a: [1, x]' | from_yaml", { a: [1, "x"] }],
    ["'a: yes\\nb: \"{{ x }}\"' | from_yaml", { a: true, b: "{{ x }}" }],
    ["'[a]\\nb = 1' | from_toml", { a: { b: 1 } }],
    ["'a = {{ .X }}' | toml_problem(go_template=true)", ""],
    ["'a: 1\\n---\\nb: 2' | from_yaml_all | list", [{ a: 1 }, { b: 2 }]],
    [
      "{'b': [1, {'c': 'x: y'}], 'a': none, 's': 'yes', 'm': 'a\\nb', 'e': {}} | to_nice_yaml",
      "a: null\nb:\n- 1\n-   c: 'x: y'\ne: {}\nm: 'a\n\n    b'\ns: 'yes'\n",
    ],
    ["{'b': [1, 2], 'a': {'c': 1}} | to_nice_yaml(indent=2)", "a:\n  c: 1\nb:\n- 1\n- 2\n"],
    ["{'a': [1, 2], 'b': {'c': [1]}} | to_yaml", "a: [1, 2]\nb:\n  c: [1]\n"],
    ["'x' | to_yaml", "x\n...\n"],
    ["[] | to_nice_yaml", "[]\n"],
    [
      "{'k': '2024-01-01', 'o': '0755', 'f': '1.5', 'n': '~', 'c': '12:30'} | to_nice_yaml",
      "c: '12:30'\nf: '1.5'\nk: '2024-01-01'\nn: '~'\no: '0755'\n",
    ],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });
});

describe("refusals", () => {
  it.each<[string, string | RegExp]>([
    ["{} | combine(1)", "combine needs dicts, not int"],
    [
      "{} | combine({}, list_merge='x')",
      'combine: list_merge must be one of replace, keep, append, prepend, append_rp, prepend_rp, not "x"',
    ],
    ["[1] | dict2items", "dict2items needs a dict, not list"],
    ["'a =' | from_toml", /^this is not TOML: line 1, column /],
    ["'{' | from_json", /^this is not JSON in line 1: /],
    ["'x' | regex_replace('(', '')", /^"\(" is not a regular expression: /],
    ["'x' | hash('nope')", 'hash: unknown algorithm "nope"'],
    ["'x' | password_hash('md5')", 'password_hash: "md5" is not supported; there are sha512 and sha256'],
    ["'x' | replace", 'the filter "replace" needs the argument "old"'],
    ["'x' | replace('a', 'b', cont=1)", 'the filter "replace" has no argument "cont"; did you mean "count"?'],
    ["'x' | upper(1)", 'the filter "upper" takes at most 0 arguments, not 1'],
    ["'a' | abs", "abs needs a number, not a str"],
    ["'1.2' is version('1.x', '<')", /^the versions cannot be compared/],
    ["lookup('url', 'http://x')", 'the lookup "url" is not supported: templates reach no network'],
  ])("%s", (expression, message) => {
    expect(() => evaluate(expression)).toThrow(message);
  });
});
