import OceanBase
package import OceanCompiler
package import OceanSyntax

/// Configs that are compiled for other hosts, with the facts of each. What several hosts have in common is read once: a
/// config for all hosts that have it in the same directory, and the lists that are beside it.
package struct RemoteConfigs {
  private struct Place: Hashable {
    let path: String
    /// Its directory, or its path, on the other host.
    let remote: String
  }

  private var loaded: [Place: LoadedConfig] = [:]
  private var lists: [String: Facts.ListFile] = [:]
  private var archives: [Place: Result<TarArchive, Failure>] = [:]

  package init() {}

  /// A config and what it includes from its directory, for a host that is asked for its facts.
  ///
  /// - Parameters:
  ///   - path: the config here.
  ///   - remote: where it is to be there.
  /// - Throws: the first mistake in it, if it has any that no facts mend.
  package mutating func archive(of path: String, as remote: String) throws(Failure) -> TarArchive {
    let place = Place(path: path, remote: remote)
    let archive =
      archives[place]
      ?? Result { () throws(Failure) in
        let loaded: LoadedConfig
        do throws(FileAccess.ReadError) {
          loaded = try loadConfig(path, files: Files.access)
        } catch {
          throw Failure("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
        }
        if let mistake = loaded.diagnostics.firstError(in: loaded.sources, of: path) {
          throw Failure(mistake)
        }
        let folder = Files.access.directory(path)
        let start = folder.hasSuffix("/") ? folder : folder + "/"
        var files: [String: [UInt8]] = [:]
        for (input, bytes) in zip(loaded.inputs, loaded.sources.contents).dropFirst()
        where input.path.hasPrefix(start) {
          files[String(input.path.dropFirst(start.count))] = bytes
        }
        files[Path.name(of: remote)] = loaded.sources.contents.first
        return TarArchive(files)
      }
    archives[place] = archive
    return try archive.get()
  }

  /// - Parameters:
  ///   - path: the config here.
  ///   - factsPath: the file that the facts are from; nil if they were asked for.
  package mutating func compiled(
    _ path: String, _ given: FactsFile, from factsPath: String?
  ) throws(Failure) -> CompiledConfig {
    let place = Place(path: path, remote: given.directory)
    let config: LoadedConfig
    if let known = loaded[place] {
      config = known
    } else {
      config = try CompiledConfig.load(path, for: given)
      loaded[place] = config
    }
    return CompiledConfig(path, config, given, from: factsPath, for: .planning) { path in
      if let known = lists[path] { return known }
      let list = Facts.listFile(path)
      lists[path] = list
      return list
    }
  }
}

extension [Diagnostic] {
  /// The first error with its place, and how many more there are; nil if there is none.
  package func firstError(in sources: SourceSet, of path: String) -> String? {
    guard let first = first(where: { $0.severity == .error }) else { return nil }
    let place = first.span.map { "\(sources.path($0.source)):\($0.start.line)" } ?? path
    let count = count { $0.severity == .error }
    let more = count > 1 ? ", and \(counted(count - 1, "more error"))" : ""
    return "\(place): \(first.message) [\(first.code.id)]\(more)"
  }
}
