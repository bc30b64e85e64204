import Glibc
import OceanCompiler
import OceanHost
package import OceanPlan
package import TestSupport

/// A folder with a config, its accounts and its lists, compiled as on this host.
package final class ConfigFolder: Sendable {
  package let directory: TemporaryDirectory

  /// Makes two accounts with a Maildir each, and a place for state.
  package init(in parent: String? = nil) throws {
    directory = try TemporaryDirectory(in: parent)
    for name in ["state", "mail"]
      + ["anna", "bert"].flatMap({ ["mail/\($0)", "mail/\($0)/new", "mail/\($0)/cur", "mail/\($0)/tmp"] })
    {
      mkdir(path(name), 0o700)
    }
    try write("anna:{PLAIN}secret::::::\nbert:{PLAIN}secret::::::\n", to: "users.passwd")
  }

  package func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  package func write(_ text: String, to name: String) throws {
    try Files.writePrivately(Array(text.utf8), to: path(name))
  }

  /// Writes `ocean.yaml` with one service on a port of loopback.
  ///
  /// - Parameters:
  ///   - settings: more lines of that service.
  ///   - rest: text that follows the service.
  package func configure(_ settings: String..., rest: String = "") throws {
    try write(
      """
      version: 1
      server: { hostname: mail.example.org, bind: [127.0.0.1], state: state }
      accounts: { main: { passwd_file: users.passwd } }
      mail: { maildir: "mail/{user}" }
      services:
        pop3:
          ports: [1110]
      \(settings.map { "    \($0)\n" }.joined())\(rest)
      """, to: "ocean.yaml")
  }

  /// The plan of `ocean.yaml`.
  package func plan() throws -> PlanFile {
    try LoadedPlan(path("ocean.yaml"), overriding: []) { _ in }.file
  }

  /// The plan of a config with these settings.
  package func plan(_ settings: String...) throws -> PlanFile {
    try configure(settings.joined(separator: "\n    "))
    return try plan()
  }

  /// A text without what differs from folder to folder: its path, and the digests that cover the path.
  ///
  /// - Parameter root: what stands for the path of the folder.
  package func masked(_ text: String, as root: String = "/etc/ocean", _ plans: PlanFile...) -> String {
    var text = text.replacing(directory.path, with: root)
    for (name, plan) in zip(["first0", "second", "third0"], plans) {
      text = text.replacing(plan.digest.short, with: name)
    }
    return text
  }
}
