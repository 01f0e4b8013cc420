// Says what the reference implementation makes of queries: the same as oracle.py does.
'use strict';

const fs = require('fs');
const readline = require('readline');
const graphql = require('graphql');

const schema = graphql.buildSchema(fs.readFileSync(process.argv[2], 'utf8'));
const root = JSON.parse(fs.readFileSync(process.argv[3], 'utf8'));

function even(value) {
  if (!Number.isInteger(value) || value % 2) throw new Error('not even');
  return value;
}

const scalar = schema.getType('Even');
if (scalar) {
  scalar.serialize = even;
  scalar.parseValue = even;
  scalar.parseLiteral = (node, variables) => even(graphql.valueFromASTUntyped(node, variables));
}

function made(value) {
  if (Array.isArray(value)) return value.map(made);
  if (value && typeof value === 'object' && '!' in value) return new Error(value['!']);
  return value;
}

function resolve(source, args, context, info) {
  if (info.fieldName === 'echo') return JSON.stringify(args);
  if (info.fieldName === 'need') return args.it;
  if (info.parentType.name === 'Mutation') {
    if (args.to < 0) throw new Error('below zero');
    return args.to;
  }
  let value = source[info.fieldName];
  if (info.fieldName === 'friends' && Array.isArray(value)) value = value.slice(0, Math.max(0, args.first ?? 10));
  return made(value);
}

function error(found) {
  return [found.message, (found.locations ?? []).map((each) => [each.line, each.column]), found.path ?? null];
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  const answer = {};
  let document;
  try {
    document = graphql.parse(request.query);
  } catch (found) {
    console.log(JSON.stringify({ syntax: error(found) }));
    return;
  }
  answer.printed = graphql.print(document);
  const broken = {};
  for (const rule of graphql.specifiedRules) {
    try {
      const found = graphql.validate(schema, document, [rule]);
      if (found.length) broken[rule.name] = found.map(error);
    } catch (found) {
      broken[rule.name] = [['crash', [], null]];
    }
  }
  if (Object.keys(broken).length) {
    answer.rules = broken;
  } else {
    const result = graphql.executeSync({
      schema,
      document,
      rootValue: root,
      variableValues: request.variables,
      operationName: request.operationName,
      fieldResolver: resolve,
      typeResolver: (value) => value && value.__typename,
    });
    answer.data = result.data ?? null;
    answer.errors = (result.errors ?? []).map(error);
  }
  console.log(JSON.stringify(answer));
});
