import OceanBase
import OceanCompiler
import OceanHost

/// What a config was read from, to tell without compiling it whether it would give the same plan again.
struct PlanInputs: Sendable {
  /// The config's own path.
  let path: String
  private let stamps: FileStamps
  private let hostName: String

  /// - Parameter begin: nanoseconds since 1970, before the config was read.
  /// - Returns: nil if more than files and the host's name decided the plan, or a file may have been written meanwhile.
  init?(_ config: CompiledConfig, readAfter begin: Int64) {
    // An address can be found for a host name, and a file for a pattern, that was not there before.
    guard config.facts.hosts.isEmpty, !config.loaded.hasPatterns, config.result.unusableLists.isEmpty,
      config.unmetExpectations.isEmpty, let stamps = FileStamps(of: config.readFiles, readAfter: begin)
    else { return nil }
    (path, hostName) = (config.path, config.facts.hostname)
    self.stamps = stamps
  }

  /// Whether all is as it was. Blocks while the files are looked at.
  var areCurrent: Bool { Host.name == hostName && stamps.areCurrent }
}
