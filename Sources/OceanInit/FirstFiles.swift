import Glibc
import OceanBase
package import OceanHost
import OceanSyntax

/// The files of a first config: the config, and the accounts and certificate that are made with it. They appear
/// together or not at all.
package struct FirstFiles {
  /// The config's path, absolute.
  package let path: String
  private let folder: String

  /// Looks whether a config can be written there, before anybody is asked anything.
  package init(_ out: String) throws(Failure) {
    path = Files.absolute(out)
    folder = Files.directory(of: path)
    let shown = path.escapedForDisplay
    if Files.isDirectory(path) {
      throw Failure(
        "\(shown) is a directory; the config is a file: --out \("\(path)/ocean.yaml".pasted)")
    }
    switch Files.kind(of: path) {
    case .missing: break
    case .notPermitted: throw Failure("cannot write \(shown): this user may not use its directory")
    default:
      throw Failure(
        "\(shown) exists and stays as it is; for a new one name another file with --out, or first: mv \(path.pasted) "
          + "\(path.pasted).old")
    }
    let parent = Files.directory(of: folder)
    guard Files.isDirectory(folder) || Files.isDirectory(parent) else {
      throw Failure("cannot write \(shown): there is no directory \(parent.escapedForDisplay)")
    }
    if access(Files.isDirectory(folder) ? folder : parent, W_OK | X_OK) != 0 {
      let code = errno
      throw Failure(
        "cannot write \(shown): "
          + (code == EACCES
            ? geteuid() == 0
              ? "not even root may write there; name another file with --out"
              : "this user may not write there; run it as root, or name another file with --out"
            : errorText(code)))
    }
  }

  /// Writes the files.
  ///
  /// - Returns: their paths, the config's first.
  package func write(_ choices: Choices, _ config: FirstConfig) throws(Failure) -> [String] {
    let group = geteuid() == 0 ? User(named: choices.user)?.gid : nil
    // The server's user reads secrets by its group, and cannot change them.
    let secretMode: UInt32 = group == nil ? 0o600 : 0o640
    var files = [
      PublishedFiles.File(path: path, contents: SecretBytes(copying: Array(config.text.utf8)), mode: 0o644)
    ]
    if let account = choices.account {
      let line = account.line.withUnsafeBytes { line in
        SecretBytes(capacity: line.count + 1) { memory in
          memory.copyMemory(from: line)
          memory[line.count] = UInt8(ascii: "\n")
          return line.count + 1
        }
      }
      files.append(.init(path: choices.passwdFile, contents: line, mode: secretMode, group: group))
    }
    var directories = [folder]
    if choices.certificate == .selfSigned {
      let name = try NewCertificate.name(choices.hostname)
      directories.append("\(folder)/tls")
      for file in try NewCertificate([name], in: "\(folder)/tls").files {
        let isKey = file.mode == 0o600
        files.append(
          .init(
            path: file.path, contents: file.contents, mode: isKey ? secretMode : file.mode,
            group: isKey ? group : nil))
      }
    }
    var made: [String] = []
    do throws(Failure) {
      for directory in directories {
        if mkdir(directory, 0o755) == 0 {
          made.append(directory)
        } else if errno != EEXIST {
          throw Failure("cannot make the directory \(directory.escapedForDisplay): \(errorText(errno))")
        }
      }
      // The config comes last: if this is killed, it does not name files that are not there. Somebody may have
      // made one of them since this began.
      try PublishedFiles.publish(
        Array(files.dropFirst() + files.prefix(1)), replacing: false, advice: "run 'ocean init' again")
    } catch {
      for directory in made.reversed() { rmdir(directory) }
      throw error
    }
    return files.map(\.path)
  }
}
