package import OceanSyntax

/// Test files that were read for a config. Cases with mistakes are left out.
package struct LoadedTests: Sendable {
  /// The texts of the test files, and before them those of the config.
  package private(set) var sources: SourceSet
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var files: [File] = []

  struct File: Sendable {
    let path: String
    let cases: [Located<TestFile.Case>]
  }

  package init(for config: LoadedConfig) { sources = config.sources }

  /// Reads and decodes a test file.
  ///
  /// - Throws: why it cannot be read; all other mistakes are diagnostics.
  package mutating func add(_ path: String, files access: FileAccess) throws(FileAccess.ReadError) {
    let bytes = try access.read(path)
    let source = sources.add(path: path, bytes: bytes)
    guard ConfigText.isText(bytes, with: Settings.testFile.settings.map(\.key)) else {
      diagnostics.append(Self.notATestFile(source, bytes))
      return
    }
    let (root, found) = parseYAML(source, in: sources)
    var decoder = Decoder(
      folders: [source: access.directory(path)], isComplete: true, places: { Settings.placesInTests },
      diagnostics: found)
    let file = root.flatMap { Settings.testFile.decode($0, &decoder) }
    if let tests = file?.tests, tests.value.isEmpty, decoder.diagnostics.isEmpty {
      decoder.report(
        .emptyCase, tests.span, "a test file without cases",
        help: "write one: - { from: office, want: { verdict: allow } }")
    }
    diagnostics += decoder.diagnostics
    files.append(File(path: path, cases: file?.tests?.value ?? []))
  }

  /// The list files that cases name, by absolute path.
  package var listFiles: Set<String> {
    Set(
      files.flatMap(\.cases).compactMap(\.value.from).flatMap(\.value).compactMap { entry in
        if case .file(let file) = entry.value { file.path } else { nil }
      })
  }

  /// The diagnostic for a file that is not a test file. No line of it is shown.
  private static func notATestFile(_ source: SourceID, _ bytes: [UInt8]) -> Diagnostic {
    let start = Position(line: 1, column: 1)
    let kind = ConfigText.isConfig(bytes) ? "a config" : FileKind(bytes)?.words
    var mistake = Diagnostic(
      .wrongShape,
      kind.map { "this is \($0), not a test file" } ?? "this is not a test file: it has no key 'tests'",
      at: Span(source: source, start: start, end: start),
      help: kind == "a config"
        ? "name it with --config"
        : "a test file is like this: tests: [{ from: office, want: { verdict: allow } }]")
    mistake.hidesLine = true
    return mistake
  }
}
