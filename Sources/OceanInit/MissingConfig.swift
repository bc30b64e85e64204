import Glibc
package import OceanHost
import OceanSyntax

/// What to do when there is no config where every command looks for one.
package enum MissingConfig {
  /// The commands that make a config, and where to read one: the end of a sentence.
  ///
  /// - Parameters:
  ///   - path: where the config belongs.
  ///   - program: the path of `ocean`. Examples are installed beside it.
  package static func advice(_ path: String, program: String, exists: (String) -> Bool) -> String {
    let folder =
      program.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/share/doc/ocean/examples"
    let examples = exists(folder) ? folder.escapedForDisplay : "the directory 'examples' of ocean's sources"
    let target = path.hasSuffix("/ocean.yaml") ? String(path.dropLast("/ocean.yaml".count)) : path
    return
      "'ocean init' makes a first one, 'ocean import dovecot /etc/dovecot/dovecot.conf --out \(target.pasted)' one from "
      + "Dovecot's; examples are in \(examples)"
  }

  /// The config that is taken if none is named.
  ///
  /// - Throws: if it is not there.
  package static func standardConfig(_ path: String = Files.standardConfig) throws(Failure) -> String {
    if access(path, F_OK) != 0, errno == ENOENT {
      throw Failure(
        "there is no \(path), the config if none is named: name one with -c FILE. "
          + advice(path, program: Process.path, exists: { access($0, F_OK) == 0 }))
    }
    return path
  }
}
