#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The JSON Schema of the config, for editors: the contents of `schema/ocean.schema.json`.
package func jsonSchema() throws -> String {
  guard case .object(var schema) = Settings.root.schema else { return "" }
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
  schema["title"] = "ocean"
  schema["description"] = "The config of ocean, a POP3 server."
  // A key that the whole config requires may be in an included file.
  guard case .array(let required)? = schema["required"] else { return "" }
  schema["required"] = ["version"]
  schema["anyOf"] = [["required": .array(required)], ["required": ["include"]]]
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(JSONValue.object(schema)), as: UTF8.self) + "\n"
}
