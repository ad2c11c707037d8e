"""Evaluates a corpus with the real Jinja2: JSON on standard input, JSON on standard output."""

import collections.abc
import json
import sys
import types

import jinja2

corpus = json.load(sys.stdin)
VIEWS = (type({}.keys()), type({}.values()), type({}.items()), range, types.GeneratorType)


def plain(value):
    """What has a list's members as a list, and marked-up text as text: the other side knows only those."""
    if isinstance(value, jinja2.Undefined):
        str(value)
    if isinstance(value, VIEWS) or (isinstance(value, collections.abc.Iterator)):
        return [plain(one) for one in value]
    if type(value) is tuple:
        return tuple(plain(one) for one in value)
    if isinstance(value, tuple):
        return tuple(plain(one) for one in value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, str):
        return str.__str__(value)
    return value


def environment(options):
    return jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader(corpus["files"]),
        finalize=lambda value: "" if value is None else value,
        **options,
    )


def attempt(work):
    try:
        return {"value": work()}
    except RecursionError as error:
        return {"error": str(error)}
    except Exception as error:  # any error is an answer: the other side must refuse as well
        return {"error": f"{type(error).__name__}: {error}"}


def expression(source):
    compiled = environment({}).compile_expression(source, undefined_to_none=False)
    return repr(plain(compiled(**corpus["vars"])))


def template(case):
    return environment(case["options"]).from_string(case["source"]).render(**corpus["vars"])


json.dump(
    {
        "expressions": [attempt(lambda one=one: expression(one)) for one in corpus["expressions"]],
        "templates": [attempt(lambda one=one: template(one)) for one in corpus["templates"]],
    },
    sys.stdout,
)
