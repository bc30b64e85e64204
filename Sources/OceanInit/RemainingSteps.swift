package import OceanCompiler
import OceanPlan
import OceanSyntax

/// What is left to do until a first config can be served: commands for root, in the order in which they work.
package struct RemainingSteps {
  package private(set) var commands: [String] = []
  /// The codes of the findings of `ocean check` that the commands put right.
  package private(set) var codes: Set<String> = []

  private let choices: Choices
  private let facts: Facts
  private let group: String

  /// The name of a user of every host who may do nothing special: a user that is still to be made may do the same.
  package static let anyUser = "nobody"

  /// - Parameters:
  ///   - path: the config's, absolute.
  ///   - folder: its directory.
  ///   - written: the files that were written with it.
  ///   - facts: what this host answers to the questions of the config; for `anyUser` where the config names a user
  ///     that is missing.
  ///   - program: the path of `ocean`.
  ///   - exists: whether something is at a path.
  package init(
    _ choices: Choices, for path: String, in folder: String, written: [String], facts: Facts, program: String,
    exists: (String) -> Bool
  ) {
    (self.choices, self.facts) = (choices, facts)
    let isMissing = facts.users[choices.user] == nil || facts.users[choices.user] == .missing
    let asked = isMissing ? Self.anyUser : choices.user
    group = isMissing ? choices.user : facts.permissions?[asked]?.group ?? choices.user
    if isMissing {
      add(
        "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \(choices.user)",
        for: "OC0309")
    }
    let permissions = facts.permissions?[asked]?.paths ?? [:]
    addState(permissions[FirstConfig.state])
    addMaildir(exists)
    let file = choices.passwdFile.pasted
    let needsAccounts = !exists(choices.passwdFile)
    if needsAccounts { add("install -m 640 -g \(group) /dev/null \(file)", for: "OC0311") }
    addReading(permissions, path, choices.pair(in: folder), written)
    if needsAccounts {
      add("\(program.pasted) passwd \(choices.likelyAccount.pasted) >> \(file)", for: "OC0311")
    }
    if !commands.isEmpty { commands.append("\(program.pasted) check \(path.pasted)") }
  }

  private mutating func add(_ command: String, for codes: String...) {
    commands.append(command)
    self.codes.formUnion(codes)
  }

  private mutating func addState(_ permission: Facts.Permission?) {
    let state = FirstConfig.state
    switch (facts.directories[state], permission) {
    case (.exists, .denied(let places)) where places.contains { $0.hasPrefix(state + "/") }:
      add("chown -R \(choices.user) \(state)", for: "OC0328")
    case (.missing, _), (.exists, .denied):
      add("install -d -o \(choices.user) -g \(group) -m 750 \(state)", for: "OC0310", "OC0328")
    default: break
    }
  }

  /// The Maildir of the first account: the server refuses a location where nobody has one.
  private mutating func addMaildir(_ exists: (String) -> Bool) {
    let isNew = choices.account != nil || !exists(choices.passwdFile)
    guard isNew, let maildir = maildir(of: choices.likelyAccount), !exists("\(maildir)/cur") else { return }
    let above = maildir.indices.dropFirst().filter { maildir[$0] == "/" }.map { String(maildir[..<$0]) }
    let missing =
      (above + [maildir]).filter { !exists($0) } + ["new", "cur", "tmp"].map { "\(maildir)/\($0)" }
    let words = ["install -d -o \(choices.user) -g \(group) -m 700"] + missing.map(\.pasted)
    add(words.joined(separator: " "), for: "OC0431")
  }

  private func maildir(of account: String) -> String? {
    let parts = account.split(separator: "@", maxSplits: 1).map(String.init)
    guard let user = parts.first, let template = try? MailTemplate(parsing: choices.maildir) else {
      return nil
    }
    let domain = parts.count > 1 ? parts[1] : choices.domains.first ?? ""
    return try? template.path(user: user, domain: domain, home: nil)
  }

  /// Lets the user read what the config names, where it may not.
  ///
  /// - Parameter written: files of this user, whose modes are known where the kernel cannot be asked.
  private mutating func addReading(
    _ permissions: [String: Facts.Permission], _ path: String, _ pair: CertificatePair?, _ written: [String]
  ) {
    let files = [path, choices.passwdFile, pair?.chain, pair?.key].compactMap(\.self)
    guard facts.isRoot else {
      for file in files where written.contains(file) && (file == choices.passwdFile || file == pair?.key) {
        add("chgrp \(group) \(file.pasted)", for: "OC0328")
        add("chmod 640 \(file.pasted)", for: "OC0328")
      }
      return
    }
    var steps: [(path: String, need: AccessRemedy.Need)] = []
    for file in files {
      guard case .denied(let places)? = permissions[file] else { continue }
      for place in places where !steps.contains(where: { $0.path == place }) {
        steps.append((place, facts.places?[place]?.isDirectory ?? (place != file) ? .enter : .read))
      }
    }
    let commands = AccessRemedy(user: choices.user, group: group, facts).commands(granting: steps)
    if facts.hasSetfacl == false, commands.contains(where: { $0.hasPrefix("setfacl ") }) {
      add("apt-get install --yes acl")
    }
    for command in commands { add(command, for: "OC0328", "OC0422", "OC0433") }
  }
}
