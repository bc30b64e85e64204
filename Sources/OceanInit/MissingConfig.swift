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
}
