import Foundation
import OceanCompiler
import OceanAddresses
import OceanPlan
import Testing

/// examples/NAME.yaml is a config, and Plans/NAME.json is what `ocean plan --format json` makes of it on the
/// host of these tests.
///
/// With OCEAN_RECORD=1 in the environment the plans are written again, to be read before they are committed.
@Suite struct ExampleTests {
  static let folder = Repository.root.appending(path: "examples")
  static let plans = Repository.tests.appending(path: "Plans")
  static let names = Repository.names(in: folder, ending: ".yaml")

  @Test(arguments: names) func `compiles to its plan`(_ name: String) throws {
    let result = try Compiled("\(name).yaml", in: Self.folder).result
    #expect(result.diagnostics == [])
    let plan = try #require(result.plan)
    let json = try PlanFile(
      plan: plan, inputs: result.inputs, provenance: result.provenance, rules: result.rules,
      expectations: result.expectations
    ).json
    let expectation = Self.plans.appending(path: "\(name).json")
    if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil { try Data(json).write(to: expectation) }
    #expect(
      try String(decoding: json, as: UTF8.self)
        == String(decoding: Data(contentsOf: expectation), as: UTF8.self))
  }

  @Test func `every plan has its example`() {
    #expect(Repository.names(in: Self.plans, ending: ".json") == Self.names)
  }

  @Test func `list files are right`() throws {
    let folder = Self.folder.appending(path: "provider/lists")
    let names = Repository.names(in: folder, ending: ".netset")
    #expect(!names.isEmpty)
    for name in names {
      let bytes = try Array(Data(contentsOf: folder.appending(path: "\(name).netset")))
      let list = AddressList(parsing: bytes, limits: .init(blocks: 1000, errors: 10))
      #expect(list.errors.isEmpty && !list.rules.isEmpty)
    }
  }

  @Test(arguments: names) func `says what it is for`(_ name: String) throws {
    let lines = try Repository.text("examples/\(name).yaml").split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first == "# yaml-language-server: $schema=../schema/ocean.schema.json")
    #expect(lines.dropFirst(2).first?.hasPrefix("# ") == true)
  }
}
