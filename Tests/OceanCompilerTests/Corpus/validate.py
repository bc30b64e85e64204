"""Says for each of the files named whether the JSON Schema accepts it: {"name.yaml": true, ...}

Usage: validate.py SCHEMA FILE...

Reads YAML as editors do, by the core schema of YAML 1.2: only true and false, decimal integers and null are typed.
"""

import json
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    sys.exit(f"Python has no module {error.name}: install the packages python3-jsonschema and python3-yaml.")


class Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}


def resolve(tag, pattern):
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), None)


resolve("bool", "^(?:true|false)$")
resolve("int", "^-?(?:0|[1-9][0-9]*)$")
resolve("null", "^(?:|~|null|Null|NULL)$")

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)

verdicts = {}
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        verdicts[path] = validator.is_valid(yaml.load(file, Loader))
json.dump(verdicts, sys.stdout)
