"""Says what graphql-core makes of queries.

usage: oracle.py SCHEMA DATA < QUERIES

SCHEMA is a file with SDL, DATA a JSON file with the root value; QUERIES are lines of JSON: {"query", "variables"?,
"operationName"?}. Answers one line of JSON for each: {"syntax"?: error, "rules"?: {rule: [error]}, "data"?, "errors"?,
"printed"?}, where an error is [message, [[line, column]], path].
"""

import json
import sys

import graphql
from graphql import validation
from graphql.validation import specified_rules

EXTRA = {"MaxIntrospectionDepthRule"}


def error(found):
    places = [[place.line, place.column] for place in found.locations or []]
    return [found.message, places, found.path]


def even(value):
    if isinstance(value, bool) or not isinstance(value, int) or value % 2:
        raise ValueError("not even")
    return value


def resolve(source, info, **arguments):
    name = info.field_name
    parent = info.parent_type.name
    if name == "echo":
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    if name == "need":
        return arguments["it"]
    if parent == "Mutation":
        if arguments["to"] < 0:
            raise ValueError("below zero")
        return arguments["to"]
    value = source.get(name)
    if name == "friends" and isinstance(value, list):
        first = arguments.get("first")
        value = value[: max(0, 10 if first is None else first)]
    return made(value)


def made(value):
    if isinstance(value, dict) and "!" in value:
        return ValueError(value["!"])
    if isinstance(value, list):
        return [made(element) for element in value]
    return value


def typename(value, info, abstract):
    return value.get("__typename") if isinstance(value, dict) else None


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = graphql.build_schema(file.read())
    with open(sys.argv[2], encoding="utf-8") as file:
        root = json.load(file)
    scalar = schema.type_map.get("Even")
    if scalar:
        scalar.serialize = even
        scalar.parse_value = even
        scalar.parse_literal = lambda node, variables=None: even(
            graphql.value_from_ast_untyped(node, variables)
        )
    rules = [rule for rule in specified_rules if rule.__name__ not in EXTRA]
    for line in sys.stdin:
        request = json.loads(line)
        answer = {}
        try:
            document = graphql.parse(request["query"])
        except graphql.GraphQLError as found:
            print(json.dumps({"syntax": error(found)}), flush=True)
            continue
        except (IndexError, RecursionError):
            print(json.dumps({"syntax": ["crash", [], None]}), flush=True)
            continue
        answer["printed"] = graphql.print_ast(document)
        broken = {}
        for rule in rules:
            try:
                found = validation.validate(schema, document, [rule])
            except RecursionError:
                broken[rule.__name__] = [["crash", [], None]]
                continue
            if found:
                broken[rule.__name__] = [error(each) for each in found]
        if broken:
            answer["rules"] = broken
        else:
            result = graphql.execute_sync(
                schema,
                document,
                root,
                variable_values=request.get("variables"),
                operation_name=request.get("operationName"),
                field_resolver=resolve,
                type_resolver=typename,
            )
            answer["data"] = result.data
            answer["errors"] = [error(each) for each in result.errors or []]
        print(json.dumps(answer), flush=True)


main()
