import Foundation
import OceanCompiler
import OceanPlan
import OceanSyntax

/// A config compiled with facts that are the same on every host.
struct Compiled {
  let loaded: LoadedConfig
  let result: Compilation

  /// Compiles the file at `path` below `folder`, as if `folder` were /etc/ocean.
  init(_ path: String, in folder: URL, host: TestHost = TestHost()) throws {
    self.init(loaded: try loadConfig(path, files: .fixtures(in: folder)), host: host)
  }

  /// Compiles `text` as /etc/ocean/ocean.yaml beside other `files`.
  init(_ text: String, files: [String: String] = [:], host: TestHost = TestHost()) throws {
    var all = files
    all["ocean.yaml"] = text
    self.init(loaded: try loadConfig("ocean.yaml", files: .inMemory(all)), host: host)
  }

  private init(loaded: LoadedConfig, host: TestHost) {
    self.loaded = loaded
    result = compile(loaded, host.facts(for: loaded.factRequest), for: host.purpose)
  }

  /// The output of `ocean check`, without colour and summary.
  var report: String {
    var text = DiagnosticRenderer.human(result.diagnostics, in: loaded.sources)
    for item in result.acknowledged { text += "acknowledged: \(item.diagnostic.code.id), \(item.reason)\n" }
    for item in result.notChecked { text += "not checked: \(item)\n" }
    return text
  }

  var codes: [String] { result.diagnostics.map(\.code.id) }
  var errors: [Diagnostic] { result.diagnostics.filter { $0.severity == .error } }
}

extension FileAccess {
  /// The files of a folder of fixtures, which pretends to be /etc/ocean.
  static func fixtures(in folder: URL) -> FileAccess {
    FileAccess(
      read: { path throws(ReadError) in
        do { return try [UInt8](Data(contentsOf: folder.appending(path: path))) } catch { throw .missing }
      },
      matches: { pattern in
        let names =
          FileManager.default.enumerator(atPath: folder.resolvingSymlinksInPath().path)?.compactMap {
            $0 as? String
          } ?? []
        return names.filter { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted()
      },
      directory: pretendedDirectory)
  }

  static func inMemory(_ files: [String: String]) -> FileAccess {
    FileAccess(
      read: { path throws(ReadError) in
        guard let text = files[path] else { throw .missing }
        return Array(text.utf8)
      },
      matches: { pattern in files.keys.filter { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted() },
      directory: pretendedDirectory)
  }

  private static func pretendedDirectory(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "/etc/ocean" }
    return path.hasPrefix("/") ? String(path[..<slash]) : "/etc/ocean/" + path[..<slash]
  }
}

enum Repository {
  /// The folder of this test target.
  static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  static let root = tests.deletingLastPathComponent().deletingLastPathComponent()

  /// The names of the files in a folder with this ending, without the ending.
  static func names(in folder: URL, ending: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(ending) }.map { String($0.dropLast(ending.count)) }.sorted()
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
  }
}
