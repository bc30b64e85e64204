import Foundation
import OceanCompiler
import OceanSyntax
import Testing

/// Tests what programs are told about the configs in Bad: it must agree with what people are told.
@Suite struct ProgramFormatTests {
  /// NAME.sarif and NAME.github beside these hold exactly what is printed. OCEAN_RECORD=1 writes them again.
  static let recorded = ["acknowledgements", "certificates-unread", "includes", "repeated"]

  private func compiled(_ name: String) throws -> Compiled {
    let folder = BadConfigTests.folder
    let config = try String(contentsOf: folder.appending(path: "\(name).yaml"), encoding: .utf8)
    return try Compiled("\(name).yaml", in: folder, host: TestHost(describedBy: config))
  }

  private func sarif(_ compiled: Compiled) -> String {
    DiagnosticRenderer.sarif(
      compiled.result.diagnostics,
      acknowledged: compiled.result.acknowledged.map { ($0.diagnostic, $0.reason) },
      notChecked: compiled.result.notChecked, in: compiled.loaded.sources, version: "1.2.3")
  }

  @Test(arguments: recorded) func `says exactly`(_ name: String) throws {
    let compiled = try compiled(name)
    let forms = [
      "sarif": sarif(compiled),
      "github": DiagnosticRenderer.github(compiled.result.diagnostics, in: compiled.loaded.sources),
    ]
    for (ending, text) in forms {
      let expectation = BadConfigTests.folder.appending(path: "\(name).\(ending)")
      if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
        try text.write(to: expectation, atomically: true, encoding: .utf8)
      }
      #expect(try text == String(contentsOf: expectation, encoding: .utf8))
    }
  }

  @Test func `SARIF is valid`() throws {
    let logs = try BadConfigTests.names.map { try sarif(compiled($0)) }
    #expect(logs.count > 40)
    let schema = SchemaTests.corpus.appending(path: "sarif.schema.json").path
    let output = try Python.run(
      [
        "-c",
        """
        import json, jsonschema, sys
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for log in json.load(sys.stdin):
            for error in validator.iter_errors(json.loads(log)):
                print(error.json_path, error.message)
        """, schema,
      ], input: Array(try JSONEncoder().encode(logs)))
    #expect(output == "")
  }

  private struct Log: Decodable {
    struct Run: Decodable {
      let tool: Tool
      let results: [Result]
    }
    struct Tool: Decodable { let driver: Driver }
    struct Driver: Decodable { let rules: [Rule] }
    struct Rule: Decodable { let id: String }
    struct Result: Decodable {
      let ruleId: String
      let ruleIndex: Int
      let level: String
      let locations: [Location]
      let suppressions: [Suppression]
    }
    struct Suppression: Decodable { let justification: String }
    struct Location: Decodable {
      let physicalLocation: Physical
      struct Physical: Decodable {
        let artifactLocation: Artifact
        let region: Region?
      }
      struct Artifact: Decodable { let uri: String }
      struct Region: Decodable { let startLine, startColumn, endLine, endColumn: Int32 }
    }
    let runs: [Run]
  }

  @Test(arguments: BadConfigTests.names) func `SARIF says what there is`(_ name: String) throws {
    let compiled = try compiled(name)
    let run = try #require(try JSONDecoder().decode(Log.self, from: Data(sarif(compiled).utf8)).runs.first)
    let acknowledged = compiled.result.acknowledged
    let all = compiled.result.diagnostics + acknowledged.map(\.diagnostic)
    #expect(run.results.map(\.ruleId) == all.map(\.code.id))
    #expect(run.results.map(\.level) == all.map(\.severity.rawValue))
    #expect(run.results.allSatisfy { run.tool.driver.rules[$0.ruleIndex].id == $0.ruleId })
    #expect(run.tool.driver.rules.map(\.id) == Set(all.map(\.code.id)).sorted())
    #expect(run.results.flatMap { $0.suppressions.map(\.justification) } == acknowledged.map(\.reason))
    for (result, diagnostic) in zip(run.results, all) {
      let place = try #require(result.locations.first).physicalLocation
      let path = diagnostic.span.map { compiled.loaded.sources.path($0.source) } ?? "\(name).yaml"
      #expect(place.artifactLocation.uri == path)
      #expect(place.region?.startLine == diagnostic.span?.start.line)
      #expect(place.region?.startColumn == diagnostic.span?.start.column)
      #expect(place.region?.endLine == diagnostic.span?.end.line)
      #expect(place.region?.endColumn == diagnostic.span?.end.column)
    }
  }

  @Test(arguments: BadConfigTests.names) func `GitHub says what there is`(_ name: String) throws {
    let compiled = try compiled(name)
    let text = DiagnosticRenderer.github(compiled.result.diagnostics, in: compiled.loaded.sources)
    let lines = text.split(separator: "\n")
    #expect(lines.count == compiled.result.diagnostics.count)
    for (line, diagnostic) in zip(lines, compiled.result.diagnostics) {
      let level = diagnostic.severity == .note ? "notice" : diagnostic.severity.rawValue
      #expect(line.hasPrefix("::\(level) "))
      #expect(line.contains("title=\(diagnostic.code.id)::"))
      if let start = diagnostic.span?.start { #expect(line.contains(",line=\(start.line),")) }
    }
  }
}
