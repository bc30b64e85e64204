import Foundation
import OceanCompiler
import OceanSyntax
import Testing

/// Bad/NAME.yaml is a config, and NAME.txt beside it is exactly what `ocean check` says about it.
///
/// With OCEAN_RECORD=1 in the environment the texts are written again, to be read before they are committed.
/// The first line of a config may describe the host: `# host: root, no IPv6, offline`.
@Suite struct BadConfigTests {
  static let folder = Repository.tests.appending(path: "Bad")
  static let names = Repository.names(in: folder, ending: ".yaml")

  @Test(arguments: names) func `says exactly`(_ name: String) throws {
    let config = try String(contentsOf: Self.folder.appending(path: "\(name).yaml"), encoding: .utf8)
    let report = try Compiled(
      "\(name).yaml", in: Self.folder, host: TestHost(describedBy: config)
    ).report
    let expectation = Self.folder.appending(path: "\(name).txt")
    if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
      try report.write(to: expectation, atomically: true, encoding: .utf8)
    }
    #expect(try report == String(contentsOf: expectation, encoding: .utf8))
    #expect(!report.isEmpty)
  }

  @Test func `every code occurs`() throws {
    let reports = try [Self.folder, BadTests.folder, FleetFileTests.folder].flatMap { folder in
      try Repository.names(in: folder, ending: ".txt")
        .map { try String(contentsOf: folder.appending(path: "\($0).txt"), encoding: .utf8) }
    }
    let missing = DiagnosticCode.all.map(\.id).filter { id in
      id >= "OC0200" && !reports.contains { $0.contains("[\(id)]") }
    }
    #expect(missing == [])
  }

  @Test func `every text has its config`() {
    #expect(Repository.names(in: Self.folder, ending: ".txt") == Self.names)
  }
}
