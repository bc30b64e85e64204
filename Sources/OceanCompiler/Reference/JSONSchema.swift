#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The JSON Schema of the config, for editors: the contents of `schema/ocean.schema.json`.
package func jsonSchema() throws -> String {
  guard case .object(var schema) = Settings.root.schema else { return "" }
  // A key that the whole config requires may be in an included file.
  guard case .array(let required)? = schema["required"] else { return "" }
  schema["required"] = ["version"]
  schema["anyOf"] = [["required": .array(required)], ["required": ["include"]]]
  return try document(schema, title: "ocean", "The config of ocean, a POP3 server.")
}

/// The same for test files: the contents of `schema/ocean-tests.schema.json`.
package func testsJSONSchema() throws -> String {
  guard case .object(let schema) = Settings.testFile.schema else { return "" }
  return try document(
    schema, title: "ocean tests",
    "Cases that 'ocean test' judges: who must get in at a config, and who must not.")
}

/// The same for fleet files: the contents of `schema/ocean-fleet.schema.json`.
package func fleetJSONSchema() throws -> String {
  guard case .object(let schema) = Settings.fleetFile.schema else { return "" }
  return try document(
    schema, title: "ocean fleet", "The hosts that 'ocean fleet' asks, and how a plan comes to them.")
}

private func document(_ schema: [String: JSONValue], title: String, _ description: String) throws -> String {
  var schema = schema
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
  schema["title"] = .string(title)
  schema["description"] = .string(description)
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(JSONValue.object(schema)), as: UTF8.self) + "\n"
}
