package import OceanCompiler
import OceanSyntax

/// Configs that are compiled for other hosts, with the facts of each. What several hosts have in common is read once: a
/// config for all hosts that have it in the same directory, and the lists that are beside it.
package struct RemoteConfigs {
  private struct Place: Hashable {
    let path: String
    let directory: String
  }

  private var loaded: [Place: LoadedConfig] = [:]
  private var lists: [String: Facts.ListFile] = [:]

  package init() {}

  /// - Parameters:
  ///   - path: the config here.
  ///   - factsPath: the file that the facts are from; nil if they were asked for.
  package mutating func compiled(
    _ path: String, _ given: FactsFile, from factsPath: String?
  ) throws(Failure) -> CompiledConfig {
    let place = Place(path: path, directory: given.directory)
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
