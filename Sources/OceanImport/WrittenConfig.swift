import Glibc
import OceanBase
package import OceanHost
import OceanSyntax

/// Writes a config that an import has made.
package enum WrittenConfig {
  /// Whether a path is meant for the config itself, and not for a directory to put it in.
  private static func isFile(_ out: String) -> Bool {
    [".yaml", ".yml"].contains { out.hasSuffix($0) } && !Files.isDirectory(out)
  }

  /// The directory that the config goes to, absolute.
  package static func folder(of out: String) -> String {
    var path = Files.absolute(out)
    if isFile(out), let slash = path.lastIndex(of: "/") { path = String(path[..<slash]) }
    while path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// - Parameter secrets: passwords that the config names; nobody else may read their files.
  /// - Returns: the path of the file.
  package static func write(
    _ yaml: String, _ secrets: [Translation.Secret] = [], to out: String, replacing: Bool
  ) throws(Failure) -> String {
    let isFile = isFile(out)
    var isNew = false
    if !isFile {
      isNew = mkdir(out, 0o755) == 0
      let code = errno
      guard isNew || Files.isDirectory(out) else {
        let reason = code == EEXIST ? "it is not a directory" : errorText(code)
        throw Failure("cannot write into \(out): \(reason)".escapedForDisplay)
      }
    }
    let path = isFile ? out : out.hasSuffix("/") ? out + "ocean.yaml" : out + "/ocean.yaml"
    let file = PublishedFiles.File(path: path, contents: SecretBytes(copying: Array(yaml.utf8)), mode: 0o644)
    let passwords = secrets.map { secret in
      PublishedFiles.File(
        path: secret.path, contents: SecretBytes(copying: Array("\(secret.text)\n".utf8)), mode: 0o600)
    }
    do throws(Failure) {
      try PublishedFiles.publish(passwords + [file], replacing: replacing)
    } catch {
      if isNew { rmdir(out) }
      throw error
    }
    return path
  }
}
