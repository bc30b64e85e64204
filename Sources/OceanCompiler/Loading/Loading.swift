package import OceanBase
package import OceanPlan
package import OceanSyntax

/// A config read from its files. Settings with mistakes are left out.
package struct LoadedConfig: Sendable {
  package let sources: SourceSet
  @Indirect package private(set) var config: Config
  /// Whether every file was read and is a config; otherwise, what seems to be missing may be in a file that
  /// was not read.
  let isComplete: Bool
  package let diagnostics: [Diagnostic]
  package let inputs: [PlanFile.Input]
  /// Whether `include` names files by a pattern, which others may come to match.
  package let hasPatterns: Bool

  /// The questions of the config, those about its own files included.
  package var factRequest: FactRequest {
    var request = config.factRequest
    for input in inputs where input.path.hasPrefix("/") {
      request.trusted.insert(input.path)
      request.uses[input.path] = .read
      request.readFiles.insert(input.path)
    }
    return request
  }

  /// `server.state`; nil if it is not given and a mistake may be the reason.
  package var stateDirectory: String? {
    if let given = config.server?.value.state?.value { return given }
    let isSound = isComplete && !diagnostics.contains { $0.severity == .error }
    return isSound ? Defaults.state : nil
  }
}

/// Reads and decodes the config at `path` and the files it includes.
///
/// - Throws: why the file at `path` cannot be read; all other mistakes are diagnostics.
package func loadConfig(_ path: String, files: FileAccess) throws(FileAccess.ReadError) -> LoadedConfig {
  let bytes = try files.read(path)
  var loader = Loader(files: files)
  let tree = loader.tree(of: path, bytes)
  var decoder = Decoder(
    folders: loader.folders, isComplete: loader.isComplete, diagnostics: loader.diagnostics)
  let config = tree.flatMap { Settings.root.decode($0, &decoder) }
  return LoadedConfig(
    sources: loader.sources, config: config ?? Config(), isComplete: loader.isComplete && config != nil,
    diagnostics: decoder.diagnostics, inputs: loader.inputs, hasPatterns: loader.hasPatterns)
}

/// Reads files and merges them.
private struct Loader {
  let files: FileAccess
  var sources = SourceSet()
  /// The folder that relative paths in each source are relative to.
  var folders: [SourceID: String] = [:]
  var diagnostics: [Diagnostic] = []
  var inputs: [PlanFile.Input] = []
  var isComplete = true
  var hasPatterns = false
  private var absolutePaths: Set<String> = []

  init(files: FileAccess) { self.files = files }

  mutating func tree(of path: String, _ bytes: [UInt8]) -> Node? {
    absolutePaths.insert(absolute(path))
    guard let main = parse(path, bytes) else {
      isComplete = false
      return nil
    }
    guard let entries = main.mapping else { return main }
    var parts = [entries]
    for include in includedFiles(entries) {
      if let part = readIncluded(include) { parts.append(part) } else { isComplete = false }
    }
    return Node(span: main.span, content: .mapping(merge(parts, at: "")))
  }

  private mutating func parse(_ path: String, _ bytes: [UInt8]) -> Node? {
    let source = sources.add(path: path, bytes: bytes)
    folders[source] = files.directory(path)
    inputs.append(PlanFile.Input(role: .config, path: absolute(path), sha256: Digest(of: bytes)))
    guard ConfigText.isConfig(bytes), !PlanFile.isPlausible(bytes) else {
      diagnostics.append(Self.notAConfig(source, bytes))
      return nil
    }
    let (root, found) = parseYAML(source, in: sources)
    diagnostics += found
    return root
  }

  /// The diagnostic for a file that is not a config. No line of it is shown.
  private static func notAConfig(_ source: SourceID, _ bytes: [UInt8]) -> Diagnostic {
    let kind = FileKind(bytes)
    let start = Position(line: 1, column: 1)
    var mistake = Diagnostic(
      .wrongShape,
      "this is \(kind.map { "\($0.words), not a config" } ?? "not a config: it has none of a config's keys")",
      at: Span(source: source, start: start, end: start),
      help: kind?.help ?? "a config begins like this: version: 1")
    mistake.hidesLine = true
    return mistake
  }

  private func absolute(_ path: String) -> String {
    Path.resolve(Path.name(of: path), inside: files.directory(path))
  }

  // MARK: - Includes

  /// The files that `include` names. Mistakes in the list itself are found when the merged config is decoded.
  private mutating func includedFiles(_ entries: [Entry]) -> [Located<String>] {
    guard let value = entries.first(where: { $0.key.scalar?.text == "include" })?.value else { return [] }
    var result: [Located<String>] = []
    for node in value.sequence ?? [value] {
      guard let text = node.scalar?.text, !text.isEmpty else { continue }
      // Not made absolute: messages name files the way the administrator did.
      let path = Path.resolve(text, relativeTo: sources.path(node.span.source))
      guard text.contains(where: { $0 == "*" || $0 == "?" || $0 == "[" }) else {
        result.append(Located(path, node.span))
        continue
      }
      hasPatterns = true
      let found = files.matches(path)
      if found.isEmpty {
        diagnostics.append(
          Diagnostic(
            .includeMatchesNothing, "no file matches '\(text)'", at: node.span,
            help: path == text ? nil : "it stands for \(path)"))
      }
      result += found.map { Located($0, node.span) }
    }
    return result
  }

  private mutating func readIncluded(_ include: Located<String>) -> [Entry]? {
    func report(_ message: String, help: String? = nil) {
      diagnostics.append(Diagnostic(.badInclude, message, at: include.span, help: help))
    }
    guard absolutePaths.insert(absolute(include.value)).inserted else {
      let isMain = inputs.first?.path == absolute(include.value)
      report(isMain ? "\(include.value) includes itself" : "\(include.value) is included twice")
      return nil
    }
    let bytes: [UInt8]
    do {
      bytes = try files.read(include.value)
    } catch {
      report("cannot read \(include.value): \(error.reason)")
      return nil
    }
    let before = diagnostics.count
    guard let root = parse(include.value, bytes) else {
      // A file with nothing but comments, or nothing at all, is not wrong: it says nothing yet.
      guard diagnostics[before...].map(\.code) == [.emptyFile] else { return nil }
      diagnostics.removeSubrange(before...)
      return []
    }
    guard let entries = root.mapping else {
      diagnostics.append(
        Diagnostic(.wrongShape, "an included file must be a mapping of settings", at: root.anchor))
      return nil
    }
    return entries.filter { entry in
      guard let key = entry.key.scalar?.text, key == "include" || key == "version" else { return true }
      diagnostics.append(
        Diagnostic(
          .badInclude, "'\(key)' is not allowed in an included file", at: entry.key.span,
          help: "write it in the main file"))
      return false
    }
  }

  /// Merges the mappings of several files. A key that two of them set is a mistake, unless both hold
  /// mappings.
  private mutating func merge(_ parts: [[Entry]], at path: String) -> [Entry] {
    guard parts.count > 1 else { return parts.first ?? [] }
    var places: [String: Int] = [:]
    var groups: [[Entry]] = []
    for entry in parts.joined() {
      let key = entry.key.scalar?.text ?? ""
      if let place = places[key] {
        groups[place].append(entry)
      } else {
        places[key] = groups.count
        groups.append([entry])
      }
    }
    return groups.compactMap { merge($0, below: path) }
  }

  /// Merges the entries of one key.
  private mutating func merge(_ entries: [Entry], below path: String) -> Entry? {
    // An empty `services:` in the main file may precede those of the included ones.
    let written = entries.filter { $0.value.scalar?.isAbsent != true }
    guard written.count > 1, var merged = written.first else { return written.first ?? entries.first }
    let key = merged.key.scalar?.text ?? ""
    let keyPath = path.isEmpty ? key : "\(path).\(key)"
    let mappings = written.compactMap(\.value.mapping)
    guard mappings.count == written.count else {
      for entry in written.dropFirst() {
        diagnostics.append(
          Diagnostic(
            .setTwice, "'\(keyPath)' is set in two files", at: entry.key.span,
            related: [Diagnostic.Related("first set here", at: merged.key.span)],
            help: "each key may be set in one file only"))
      }
      return merged
    }
    merged.value.content = .mapping(merge(mappings, at: keyPath))
    return merged
  }
}

extension Node {
  /// The place to show for the node: its own, or where it begins if it takes several lines.
  var anchor: Span {
    guard span.end.line > span.start.line else { return span }
    return mapping?.first?.key.span ?? sequence?.first?.anchor ?? span
  }
}
