import CBuild
import OceanControlAPI
import OceanTLS

extension ServerProgram {
  /// This program.
  static var own: ServerProgram {
    let commit = String(cString: build_commit())
    return ServerProgram(
      version: Ocean.version, commit: commit.isEmpty ? nil : commit, tlsLibrary: TLSLibrary.version)
  }

  /// The day of its commit, or of its version if it was built without one.
  static var ownDate: String {
    own.commit?.split(separator: " ").last.map(String.init) ?? Ocean.versionDate
  }
}
