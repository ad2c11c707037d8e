/** What the corpus can read; plain JSON, so that both sides get the same. */
export const variables = {
  i: 7,
  n: -3,
  z: 0,
  f: 2.5,
  g: 1e20,
  nothings: [null, 1, null],
  s: "Hello World",
  t: "a,b,,c",
  e: "",
  u: "äöü ß 😀",
  yes: true,
  no: false,
  nothing: null,
  list: [3, 1, 2],
  words: ["beta", "Alpha", "gamma", "alpha"],
  nested: [[1, 2], [3, [4]], []],
  d: { a: 1, b: { c: [10, 20] }, "x y": "z" },
  users: [
    { name: "bob", age: 30, tags: ["x", "y"], on: true },
    { name: "Alice", age: 25, tags: [], on: false },
    { name: "carol", age: 30, tags: ["z"], on: true },
  ],
  text: "one\n  two\n\nthree",
  html: '<a href="x">it\'s</a> & more',
};

/** Templates that others include, import or extend. */
export const files = {
  "part.j2": "[part {{ i }}{{ local | default('-') }}]",
  "macros.j2": "{% macro hi(name, mark='!') %}hi {{ name }}{{ mark }}{% endmacro %}{% set version = 3 %}{% set _hidden = 1 %}",
  "base.j2": "<{% block head %}base head{% endblock %}|{% block body %}base body {{ i }}{% endblock %}|{{ self.head() }}>",
  "middle.j2": "{% extends 'base.j2' %}{% block body %}middle({{ super() }}){% endblock %}",
};
