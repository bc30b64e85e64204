import OceanSyntax

/// Commands that give the server's user access to files and directories, or keep others from them. They never
/// take away what another program can do now: the group of a file may be the one by which Dovecot reads it.
package struct AccessRemedy {
  let user: String
  /// The name of the user's group; nil if the group has no name.
  let group: String?
  /// The owner and mode of each path.
  let places: [String: Facts.Place]
  /// Whether setfacl(1) has to be installed first.
  let lacksSetfacl: Bool

  init(user: String, _ facts: Facts) {
    self.init(user: user, group: facts.permissions?[user]?.group, facts)
  }

  /// - Parameter group: that of the user, who need not exist yet.
  package init(user: String, group: String?, _ facts: Facts) {
    self.user = user
    self.group = group
    places = facts.places ?? [:]
    lacksSetfacl = facts.hasSetfacl == false
  }

  package enum Need {
    case read
    case write
    /// The user passes through a directory to what is below it.
    case enter
  }

  /// One or two commands for each place, each a whole one: a reader may write sudo before it.
  package func commands(granting steps: [(path: String, need: Need)]) -> [String] {
    parts(granting: steps).flatMap(\.self)
  }

  private func parts(granting steps: [(path: String, need: Need)]) -> [[String]] {
    steps.filter { isFree($0.path) }.map { sharing($0.path, $0.need) }
      + steps.filter { !isFree($0.path) }.map { [acl($0.path, $0.need)] }
  }

  /// The same on lines of their own, with another way if there is one.
  func granting(_ steps: [(path: String, need: Need)]) -> String {
    let own = steps.filter { isFree($0.path) }.map { sharing($0.path, $0.need).joined(separator: " && ") }
    let others = steps.filter { !isFree($0.path) }
    var text = parts(granting: steps).map { $0.joined(separator: " && ") }.joined(separator: " && \\\n")
    if !others.isEmpty { text += note }
    // If their group has the permission already, the user can join that group.
    let groups = Set(others.map { places[$0.path]?.group })
    guard let group = groups.first.flatMap(\.self), groups.count == 1, group != "root",
      others.allSatisfy({ grantsGroup($0.path, $0.need) })
    else { return text }
    let joining = (["usermod -aG \(shellWord(group)) \(user)"] + own).joined(separator: " && \\\n")
    return "\(text)\nor, to let it do all that the group \(group) may, and restart the server: \(joining)"
  }

  /// Keeps everybody else on the host from reading a file that the server reads.
  func closing(_ path: String) -> String {
    let word = shellWord(path)
    guard let place = places[path] else {
      return "chmod o= \(word)" + ", if \(user) can read it all the same"
    }
    if place.owner == user { return "chmod o= \(word)" }
    if isFree(path), let group { return "chgrp \(shellWord(group)) \(word) && chmod 640 \(word)" }
    return "\(acl(path, .read)) && chmod o= \(word)\(note)"
  }

  // MARK: -

  private var note: String { lacksSetfacl ? "\n(setfacl is in the package acl)" : "" }

  /// Whether no program can need the group that the path has now.
  private func isFree(_ path: String) -> Bool {
    guard let group else { return false }
    guard let place = places[path] else { return true }
    return place.group == "root" || place.group == group
  }

  private func sharing(_ path: String, _ need: Need) -> [String] {
    let word = shellWord(path)
    let mode = need == .read ? "640" : need == .write ? "g+rw" : "g+x"
    let isShared = group != nil && places[path]?.group == group
    return (isShared ? [] : ["chgrp \(shellWord(group ?? "")) \(word)"]) + ["chmod \(mode) \(word)"]
  }

  private func acl(_ path: String, _ need: Need) -> String {
    let rights = need == .read ? "r" : need == .write ? "rw" : "x"
    return "setfacl -m u:\(user):\(rights) \(shellWord(path))"
  }

  private func grantsGroup(_ path: String, _ need: Need) -> Bool {
    let bits = need == .read ? 0o040 : need == .write ? 0o060 : 0o010
    return places[path].map { $0.mode & bits == bits } ?? false
  }
}

/// The text as one word of a shell.
package func shellWord(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy { isLetterOrDigit($0) || "/._-+:=@%,".utf8.contains($0) }
  return isPlain && !text.isEmpty ? text : text.shellQuoted
}
