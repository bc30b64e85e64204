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
}
