import OceanHost
import OceanSyntax

/// The commands that start the server for the first time.
package enum ServerStart {
  /// Where the unit may be: the administrator's goes before the package's, as systemd has it.
  package static let units = ["/etc", "/usr/local/lib", "/usr/lib"].map {
    "\($0)/systemd/system/ocean.service"
  }
  /// The directory for what changes it for this host.
  private static let changes = "/etc/systemd/system/ocean.service.d"

  /// - Parameters:
  ///   - path: the config's, absolute.
  ///   - unit: the text of systemd's unit; nil if there is none for this config.
  ///   - program: the path of `ocean`.
  package static func commands(_ choices: Choices, path: String, unit: String?, program: String) -> [String] {
    guard let unit else { return ["\(program.pasted) serve \(path.pasted)"] }
    var lines: [String] = []
    if !values(of: "User", in: unit).contains(choices.user) { lines.append("User=\(choices.user)") }
    // The unit lets the server write to the directories that it names, and to no other. Homes are usually there.
    let base = choices.mailBase ?? "/home"
    if !values(of: "ReadWritePaths", in: unit).contains(where: { base == $0 || base.hasPrefix($0 + "/") }) {
      lines.append("ReadWritePaths=\(base.unitWord)")
    }
    let start = "systemctl enable --now ocean"
    guard !lines.isEmpty else { return [start] }
    let words = (["[Service]"] + lines).map(\.pasted).joined(separator: " ")
    return [
      "mkdir -p \(changes)", "printf '%s\\n' \(words) >> \(changes)/host.conf", "systemctl daemon-reload",
      start,
    ]
  }

  /// The commands on this host. The unit is for the standard config.
  package static func commands(_ choices: Choices, path: String) -> [String] {
    let unit =
      path == Files.standardConfig ? units.lazy.compactMap { try? Files.read($0, limit: 1 << 20) }.first : nil
    return commands(
      choices, path: path, unit: unit.map { String(decoding: $0, as: UTF8.self) }, program: Process.path)
  }

  private static func values(of key: String, in unit: String) -> [String] {
    unit.split(separator: "\n").filter { $0.hasPrefix(key + "=") }.flatMap {
      $0.dropFirst(key.count + 1).split(separator: " ").map(String.init)
    }
  }
}

extension String {
  /// This text as a word of a unit: systemd takes blanks as separators, and `%` as the beginning of a specifier.
  fileprivate var unitWord: String {
    let escaped = flatMap { character -> [Character] in
      switch character {
      case "%": ["%", "%"]
      case "\\", "\"": ["\\", character]
      default: [character]
      }
    }
    return contains(where: { $0 == " " || $0 == "\"" || $0 == "'" || $0 == "\\" })
      ? "\"\(String(escaped))\"" : String(escaped)
  }
}
