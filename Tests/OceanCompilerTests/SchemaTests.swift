import Foundation
import OceanCompiler
import Testing

/// Tests the JSON Schema with a foreign implementation, on files that `check` judges as well.
@Suite struct SchemaTests {
  static let corpus = Repository.tests.appending(path: "Corpus")

  @Test func `checked in as generated`() throws {
    #expect(try Repository.text("schema/ocean.schema.json") == jsonSchema(), "make docs writes it anew")
    #expect(
      try Repository.text("schema/ocean-tests.schema.json") == testsJSONSchema(), "make docs writes it anew")
    #expect(
      try Repository.text("schema/ocean-fleet.schema.json") == fleetJSONSchema(), "make docs writes it anew")
  }

  @Test(arguments: ["good", "bad"]) func `agrees with check`(_ kind: String) throws {
    let folder = Self.corpus.appending(path: kind)
    let names = Repository.names(in: folder, ending: ".yaml")
    #expect(names.count > 10)
    let accepted = try schemaVerdicts(names.map { folder.appending(path: "\($0).yaml").path })
    for name in names {
      let compiled = try Compiled("\(name).yaml", in: folder)
      #expect((compiled.errors == []) == (kind == "good"), "check of \(name)")
      #expect(accepted["\(name).yaml"] == (kind == "good"), "schema on \(name)")
    }
  }

  @Test func `accepts the examples`() throws {
    let names = ExampleTests.names
    let accepted = try schemaVerdicts(names.map { ExampleTests.folder.appending(path: "\($0).yaml").path })
    #expect(accepted.count == names.count)
    #expect(accepted.values.allSatisfy { $0 })
  }

  @Test func `accepts test files, and not those with mistakes`() throws {
    let folder = ExampleTests.folder.appending(path: "tests")
    let good = Repository.names(in: folder, ending: ".yaml").map { folder.appending(path: "\($0).yaml").path }
    let accepted = try schemaVerdicts(good, by: "ocean-tests")
    #expect(accepted.count == good.count && accepted.values.allSatisfy { $0 })
    let bad = ["keys", "config"].map { BadTests.folder.appending(path: "\($0).yaml").path }
    #expect(try schemaVerdicts(bad, by: "ocean-tests").values.allSatisfy { !$0 })
  }

  @Test func `accepts fleet files, and not those with mistakes`() throws {
    let good = ExampleTests.folder.appending(path: "fleet/fleet.yaml").path
    #expect(try schemaVerdicts([good], by: "ocean-fleet") == ["fleet.yaml": true])
    let bad = ["rollout", "values", "config"].map { FleetFileTests.folder.appending(path: "\($0).yaml").path }
    let rejected = try schemaVerdicts(bad, by: "ocean-fleet")
    #expect(rejected.count == bad.count && rejected.values.allSatisfy { !$0 })
  }

  /// The verdicts by file name.
  private func schemaVerdicts(_ paths: [String], by name: String = "ocean") throws -> [String: Bool] {
    let schema = Repository.root.appending(path: "schema/\(name).schema.json").path
    let output = try Python.run([Self.corpus.appending(path: "validate.py").path, schema] + paths)
    let verdicts = try JSONDecoder().decode([String: Bool].self, from: Data(output.utf8))
    return Dictionary(
      uniqueKeysWithValues: verdicts.map { (URL(filePath: $0.key).lastPathComponent, $0.value) })
  }
}
