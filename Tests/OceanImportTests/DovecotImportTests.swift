import Foundation
import OceanHost
import OceanImport
import OceanSyntax
import TestSupport
import Testing

/// Doveconf/NAME.conf is what `doveconf -nP` printed of a config. NAME.yaml beside it is what ocean makes of
/// it, and NAME.txt is what it says.
///
/// With OCEAN_RECORD=1 in the environment these are written again, to be read before they are committed.
@Suite struct DovecotImportTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Doveconf")
  private static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: names) func `makes a config, and tells the rest`(_ name: String) throws {
    let path = "\(directory.path)/\(name).conf"
    let source = try String(contentsOf: Self.folder.appending(path: "\(name).conf"), encoding: .utf8)
    try source.write(toFile: path, atomically: false, encoding: .utf8)
    let made = try DovecotImport(path)
    let (text, isFinished) = made.said(of: nil, on: Screen())
    #expect(isFinished == !["TO BE DECIDED", "error["].contains(where: text.contains))
    #expect(!(made.yaml + text).contains("hunter2"), "a password is shown")
    #expect(!text.contains("not known to this import"), "a setting is not accounted for")
    for (text, kind) in [(made.yaml, "yaml"), (text.hasSuffix("\n") ? text : text + "\n", "txt")] {
      let text = text.replacing(directory.path, with: "/etc/dovecot")
      let expectation = Self.folder.appending(path: "\(name).\(kind)")
      if ProcessInfo.processInfo.environment["OCEAN_RECORD"] != nil {
        try text.write(to: expectation, atomically: true, encoding: .utf8)
      }
      #expect(try text == String(contentsOf: expectation, encoding: .utf8))
    }
  }

  // MARK: - Writing it

  @Test(arguments: [("etc", "etc/ocean.yaml"), ("other/", "other/ocean.yaml"), ("x.yml", "x.yml")])
  func `a directory is made, or a file`(_ out: String, _ made: String) throws {
    let path = try WrittenConfig.write("version: 1\n", to: "\(directory.path)/\(out)", replacing: false)
    #expect(path == "\(directory.path)/\(made)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "version: 1\n")
  }

  private func failure(_ out: String) -> String? {
    do throws(Failure) {
      _ = try WrittenConfig.write("new\n", to: "\(directory.path)/\(out)", replacing: false)
    } catch {
      return error.message.replacing(directory.path, with: "")
    }
    return nil
  }

  @Test func `nothing is written over, unless told to`() throws {
    let path = try WrittenConfig.write("old\n", to: directory.path, replacing: false)
    #expect(failure("") == "/ocean.yaml exists and nothing was changed; --force replaces it")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old\n")
    #expect(try WrittenConfig.write("new\n", to: directory.path, replacing: true) == path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "new\n")
  }

  @Test func `what is not a directory is named`() throws {
    _ = try WrittenConfig.write("old\n", to: directory.path, replacing: false)
    #expect(failure("ocean.yaml/x") == "cannot write into /ocean.yaml/x: Not a directory")
    #expect(failure("no/where") == "cannot write into /no/where: No such file or directory")
    try "".write(toFile: "\(directory.path)/dovecot.conf", atomically: false, encoding: .utf8)
    #expect(failure("dovecot.conf")?.hasPrefix("cannot write into /dovecot.conf: it is ") == true)
  }
}
