package import OceanPlan
package import OceanSyntax

/// How the front-end gets at files; injected, because the compiler itself reads nothing.
package struct FileAccess: Sendable {
  package enum ReadError: Error, Sendable, Equatable {
    case missing
    case notPermitted
    case notAFile
    case tooLarge(limit: Int)
    case other(String)
  }

  /// The whole file, opened once.
  package var read: @Sendable (_ path: String) throws(ReadError) -> [UInt8]
  /// The existing files a pattern with `*` and `?` matches, sorted.
  package var matches: @Sendable (_ pattern: String) -> [String]

  /// Absolute: what relative paths of config files are relative to.
  package var workingDirectory: String

  package init(
    workingDirectory: String, read: @escaping @Sendable (String) throws(ReadError) -> [UInt8],
    matches: @escaping @Sendable (String) -> [String]
  ) {
    self.workingDirectory = workingDirectory
    self.read = read
    self.matches = matches
  }
}

/// A config read from its files: decoded as far as its mistakes allow.
package struct LoadedConfig: Sendable {
  package let sources: SourceSet
  package let config: Config
  /// Whether there is a config at all: without one, what it lacks is not worth saying.
  let isReadable: Bool
  package let diagnostics: [Diagnostic]
  package let inputs: [PlanFile.Input]
}

/// Reads and decodes the config at `path` and the files it includes.
///
/// - Throws: why the file at `path` cannot be read; all other mistakes are diagnostics.
package func loadConfig(_ path: String, files: FileAccess) throws(FileAccess.ReadError) -> LoadedConfig {
  var loader = Loader(files: files)
  let bytes = try files.read(path)
  let main = loader.parse(path, bytes)
  var tree = main
  if let main {
    for include in loader.includedFiles(main) {
      guard let part = loader.readIncluded(include) else { continue }
      tree = tree.map { loader.merge(part, into: $0, at: "") }
    }
  }
  var decoder = Decoder(
    sources: loader.sources, workingDirectory: files.workingDirectory, diagnostics: loader.diagnostics,
    placesByKey: Settings.placesByKey)
  let config = tree.flatMap { Settings.root.decode($0, &decoder) } ?? Config()
  return LoadedConfig(
    sources: loader.sources, config: config, isReadable: tree != nil, diagnostics: decoder.diagnostics, inputs: loader.inputs)
}

private struct Loader {
  let files: FileAccess
  var sources = SourceSet()
  var diagnostics: [Diagnostic] = []
  var inputs: [PlanFile.Input] = []

  init(files: FileAccess) { self.files = files }

  mutating func parse(_ path: String, _ bytes: [UInt8]) -> Node? {
    let source = sources.add(path: path, bytes: bytes)
    inputs.append(PlanFile.Input(role: .config, path: path, sha256: Digest(of: bytes)))
    let (root, found) = parseYAML(source, in: sources)
    diagnostics += found
    return root
  }

  /// The files that `include` names. Mistakes in the list itself are found when the whole is decoded.
  mutating func includedFiles(_ root: Node) -> [Located<String>] {
    guard case .mapping(let entries) = root.content,
      let value = entries.first(where: { $0.key.text == "include" })?.value
    else { return [] }
    var patterns: [Node] = [value]
    if case .sequence(let nodes) = value.content { patterns = nodes }
    var result: [Located<String>] = []
    for node in patterns {
      guard let text = node.text, !text.isEmpty else { continue }
      let path = files.resolve(text, relativeTo: sources.path(node.span.source))
      if text.contains(where: { $0 == "*" || $0 == "?" || $0 == "[" }) {
        let found = files.matches(path)
        if found.isEmpty {
          diagnostics.append(
            Diagnostic(.includeMatchesNothing, "no file matches '\(text)'", at: node.span,
              help: "it stands for \(path)"))
        }
        result += found.map { Located($0, node.span) }
      } else {
        result.append(Located(path, node.span))
      }
    }
    return result
  }

  mutating func readIncluded(_ include: Located<String>) -> Node? {
    if inputs.contains(where: { $0.path == include.value }) {
      diagnostics.append(
        Diagnostic(.badInclude, "\(include.value) is included twice, or includes itself",
          at: include.span))
      return nil
    }
    let bytes: [UInt8]
    do {
      bytes = try files.read(include.value)
    } catch {
      diagnostics.append(
        Diagnostic(.badInclude, "cannot read \(include.value): \(error.reason)", at: include.span))
      return nil
    }
    guard let root = parse(include.value, bytes) else { return nil }
    guard case .mapping(let entries) = root.content else {
      diagnostics.append(
        Diagnostic(.wrongShape, "an included file must be a mapping of settings",
          at: root.span.firstLine))
      return nil
    }
    var kept: [Entry] = []
    for entry in entries {
      if let key = entry.key.text, key == "include" || key == "version" {
        diagnostics.append(
          Diagnostic(.badInclude, "'\(key)' cannot stand in an included file", at: entry.key.span,
            help: "write it in the main file"))
      } else {
        kept.append(entry)
      }
    }
    return Node(span: root.span, content: .mapping(kept))
  }

  /// Both trees in one. A key that both set is a mistake, unless both hold mappings.
  mutating func merge(_ part: Node, into base: Node, at path: String) -> Node {
    guard case .mapping(let new) = part.content, case .mapping(var entries) = base.content else { return base }
    var places: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      if let key = entry.key.text { places[key] = index }
    }
    for entry in new {
      guard let key = entry.key.text else { continue }
      guard let place = places[key] else {
        entries.append(entry)
        continue
      }
      let keyPath = path.isEmpty ? key : "\(path).\(key)"
      if case .mapping = entry.value.content, case .mapping = entries[place].value.content {
        entries[place].value = merge(entry.value, into: entries[place].value, at: keyPath)
      } else {
        diagnostics.append(
          Diagnostic(.setTwice, "'\(keyPath)' is set in two files", at: entry.key.span,
            related: [Diagnostic.Related("first set here", at: entries[place].key.span)],
            help: "each key may be set in one file only"))
      }
    }
    return Node(span: base.span, content: .mapping(entries))
  }
}

extension FileAccess {
  fileprivate func resolve(_ path: String, relativeTo file: String) -> String {
    Path.resolve(path, relativeTo: Path.resolve(file, inside: workingDirectory))
  }
}

extension FileAccess.ReadError {
  /// Half a sentence for people: `there is no such file`.
  package var reason: String {
    switch self {
    case .missing: "there is no such file"
    case .notPermitted: "this user may not read it"
    case .notAFile: "it is not a regular file"
    case .tooLarge(let limit): "it is larger than \(limit >> 20) MiB"
    case .other(let text): text
    }
  }
}

extension Node {
  var text: String? { scalar?.text }
}

extension Span {
  /// Up to the end of its first line, for messages about something that is missing from a whole section.
  var firstLine: Span {
    guard end.line > start.line else { return self }
    return Span(source: source, start: start, end: Position(line: start.line, column: start.column + 1))
  }
}
