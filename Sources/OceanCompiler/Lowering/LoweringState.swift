import OceanPlan
import OceanSyntax

/// A file or directory that the server keeps in its state directory, and makes if it is not there.
struct StateFile {
  let name: String
  /// What is in it.
  let contents: String
  var kinds: Set<Facts.FileKind> = [.regular]
  /// Whether a server does not start without it.
  var isNeeded = false

  static let all = [
    StateFile(name: "ocean.lock", contents: "the lock of the directory", isNeeded: true),
    StateFile(name: "mailbox.locks", contents: "the locks of mailboxes", isNeeded: true),
    StateFile(name: "locks", contents: "the locks of many mailboxes", kinds: [.directory]),
    StateFile(name: "blocks", contents: "blocked addresses"),
    StateFile(name: "logins", contents: "the last logins of accounts"),
    StateFile(name: "index", contents: "the indexes of mailboxes", kinds: [.directory, .symbolicLink]),
    StateFile(name: "plans", contents: "confirmed plans", kinds: [.directory, .symbolicLink]),
    StateFile(
      name: "control.sock", contents: "the control socket", kinds: [.socket, .regular, .fifo, .symbolicLink]),
    StateFile(
      name: "control.sock.new", contents: "the control socket until it listens",
      kinds: [.socket, .regular, .fifo, .symbolicLink]),
  ]

  func path(in state: String) -> String { "\(state)/\(name)" }
}

extension Facts.FileKind {
  /// With its article.
  var words: String {
    switch self {
    case .regular: "a file"
    case .directory: "a directory"
    case .symbolicLink: "a symbolic link, which is not followed"
    case .fifo: "a pipe (FIFO)"
    case .socket: "a socket"
    case .device: "a device"
    case .missing: "not there"
    case .notPermitted: "not accessible"
    }
  }
}

extension Lowering {
  /// What is in the state directory already.
  mutating func checkStateFiles(_ state: String, _ span: Span?) {
    for file in StateFile.all {
      let path = file.path(in: state)
      guard let kind = facts.writtenFiles?[path], kind != .missing, kind != .notPermitted,
        !file.kinds.contains(kind)
      else { continue }
      report(
        .stateFileKind, span, "\(path), where the server keeps \(file.contents), is \(kind.words)",
        help: "move it away: mv \(shellWord(path)) \(shellWord(path + ".old"))",
        severity: file.isNeeded ? nil : .warning)
    }
    for file in facts.damaged?[state]?.files ?? [] {
      report(
        .damagedState, span, "what the server keeps is damaged: \(file)",
        help: "it goes once ten newer plans are kept, or with the next decision")
    }
    if facts.damaged?[state]?.mayKeepFromStarting == true {
      reportNotChecked(
        "whether a server that starts runs this config (it may have been reverted, and the last confirmed plan cannot be read)"
      )
    }
  }

  /// Nothing can be made on a file system that is full.
  mutating func checkRoom(_ directory: String, what: String) {
    switch facts.full?[directory] {
    case .space:
      reportNotChecked("whether the server can write to \(what) \(directory) (its file system is full)")
    case .inodes:
      reportNotChecked(
        "whether the server can write to \(what) \(directory) (its file system has no free inodes)")
    case nil: break
    }
  }

  /// - Returns: whether no file can have that path.
  mutating func reportLongPath(_ path: Located<String>, what: String) -> Bool {
    let longest = path.value.split(separator: "/").map(\.utf8.count).max() ?? 0
    guard longest > 255 || path.value.utf8.count > 4095 else { return false }
    report(
      .longPath, path.span,
      "\(what) has a \(longest > 255 ? "name" : "path") that is too long for the system",
      label: longest > 255 ? "a name of \(longest) octets" : "\(path.value.utf8.count) octets",
      help: "a name may have 255 octets, a path 4095")
    return true
  }
}
