import Foundation
import Testing

/// Tests the pages of the manual, which `make install` has the program write, with the formatters that show them.
@Suite struct ManualTests {
  private let workspace: Workspace
  private let pages: [String]

  init() throws {
    let workspace = try Workspace()
    self.workspace = workspace
    let made = try workspace.ocean("schema", "--man", workspace.path("man"))
    try #require(made.status == .exited(0) && made.output == "", "\(made.errorOutput)")
    let files = try FileManager.default.subpathsOfDirectory(atPath: workspace.path("man"))
    pages = files.filter { $0.contains("/") }.sorted().map { workspace.path("man/" + $0) }
  }

  @Test func `there is a page for each command, for the config and for the codes`() throws {
    let commands = try workspace.ocean("schema", "--cli").output.split(separator: "\n")
      .filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3).replacingOccurrences(of: " ", with: "-") }
    let expected = ["ocean"] + commands
    let wanted = expected.map { "man1/\($0).1" } + ["man5/ocean.yaml.5", "man7/ocean-codes.7"]
    #expect(Set(pages) == Set(wanted.map { workspace.path("man/" + $0) }))
    let modes = try workspace.run("stat", ["-c", "%a"] + pages).output
    #expect(Set(modes.split(separator: "\n")) == ["644"])
  }

  @Test func `mandoc has nothing to complain about`() throws {
    let lint = try workspace.run("mandoc", ["-T", "lint"] + pages)
    #expect(lint.status == .exited(0) && lint.output == "", "\(lint.output.prefix(3000))")
  }

  @Test func `groff has nothing to complain about`() throws {
    let warnings = try workspace.run("groff", ["-ww", "-man", "-z", "-Tutf8"] + pages)
    #expect(
      warnings.status == .exited(0) && warnings.errorOutput == "", "\(warnings.errorOutput.prefix(3000))")
  }

  @Test func `what stands in the manual is what help and documents say`() throws {
    func text(_ page: String) throws -> String {
      let name = try #require(pages.first { $0.hasSuffix("/" + page) })
      let shown = try workspace.run("mandoc", ["-T", "ascii", "-O", "width=300", name])
      // Bold is overstruck, and lines are indented.
      let plain = shown.output.unicodeScalars.reduce(into: String.UnicodeScalarView()) { text, scalar in
        if scalar == "\u{8}" { text.removeLast() } else { text.append(scalar) }
      }
      return String(plain).split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        .joined(separator: "\n")
    }
    let check = try text("ocean-check.1")
    #expect(check.contains("check - check a config, and list every mistake with its line"))
    #expect(check.contains("ocean check [file] [--config file] [--strict]"))
    #expect(
      check.contains("--at time\nCheck as of this time, like 2027-02-21 or 2027-02-21T12:00:00Z (UTC)."))
    #expect(check.contains("\n3 with --strict: it is valid, and there are warnings"))
    let group = try text("ocean-cert.1")
    #expect(group.contains("ocean-cert-new(1)\nMake a key, a self-signed certificate"))
    let settings = try text("ocean.yaml.5")
    #expect(
      settings.contains("drain_timeout\n(a duration from 0s to 1d; default: 30s) How long sessions may go on")
    )
    let codes = try text("ocean-codes.7")
    #expect(
      codes.contains(
        "plaintext_login: [10.0.0.5/8] # wrong\nplaintext_login: [10.0.0.0/8] # right: the network"))
  }
}
