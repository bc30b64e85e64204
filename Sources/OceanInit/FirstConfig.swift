import OceanCompiler
import OceanSyntax

/// The text of a first config, and what the compiler says to it.
package struct FirstConfig {
  package let text: String

  /// The column where comments begin, unless the line is longer.
  private static let commentColumn = 42

  /// - Parameters:
  ///   - folder: the directory it will be in: paths below it are written from there.
  ///   - argument: how commands name the file; empty if it is the one that they read anyway.
  package init(_ choices: Choices, in folder: String, argument: String = "", hasIPv6: Bool = true) {
    func path(_ path: String) -> String {
      (path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path).yamlQuoted
    }
    let file = argument.isEmpty ? "" : " \(argument)"
    let pair = choices.pair(in: folder)
    let commands = [
      ("ocean check\(file)", "what is wrong here, and what to write instead"),
      ("ocean plan\(file)", "what would change, and for whom"),
      ("ocean apply\(file) --confirm-within 5m", "changes the running server; reverts unless confirmed"),
    ]
    let width = commands.map(\.0.columns).max() ?? 0
    var lines: [(text: String, comment: String)] = [
      ("# The config of ocean, a POP3 server. Made by 'ocean init'.", ""), ("#", ""),
    ]
    lines += commands.map { ("#     \($0.padded(to: width))   \($1)", "") }
    lines += [
      ("#", ""),
      ("# All settings: ocean schema --reference", ""),
      ("version: 1", ""),
      ("", ""),
      ("server:", ""),
      ("  hostname: \(choices.hostname.yamlQuoted)", "in the greeting; clients connect to this name"),
    ]
    switch choices.addresses {
    case .all:
      lines.append(("  bind: all", "every address of this host; or a list: [192.0.2.10, \"2001:db8::10\"]"))
    case .loopback:
      lines.append(
        (
          hasIPv6 ? "  bind: [127.0.0.1, \"::1\"]" : "  bind: [127.0.0.1]",
          "clients on this host; for all others: bind: all"
        ))
    case .list(let addresses):
      lines.append(
        (
          "  bind: [\(addresses.map(\.yamlQuoted).joined(separator: ", "))]",
          "these alone; for all, also later ones: bind: all"
        ))
    }
    lines += [
      ("  state: \(Self.state)", "locks, blocked addresses, plans, the control socket"),
      ("  user: \(choices.user.yamlQuoted)", "owns the mail; started by root, the server becomes this user"),
      (
        "  default_domain: \((choices.domains.first ?? "").yamlQuoted)",
        "the domain of a login without one" + (choices.domains.count > 1 ? "; others log in with theirs" : "")
      ),
    ]
    if let pair {
      lines += [
        ("", ""), ("certificates:", ""),
        ("  main: { chain: \(path(pair.chain)), key: \(path(pair.key)) }", ""),
      ]
    }
    lines += [
      ("", ""), ("accounts:", ""),
      (
        "  main: { passwd_file: \(path(choices.passwdFile)) }",
        "one more: ocean passwd NAME >> \(choices.passwdFile.pasted)"
      ),
      ("", ""), ("mail:", ""),
      ("  maildir: \(choices.maildir.yamlQuoted)", "what delivers the mail must mean the same"),
      ("", ""), ("services:", ""),
    ]
    lines +=
      pair != nil
      ? [
        ("  pop3:", ""),
        ("    tls: { explicit: required }", "no password without TLS: STLS on port 110, or port 995"),
      ]
      : [("  pop3: {}", "other hosts need a certificate: ocean cert new")]
    text = lines.map { line in
      line.comment.isEmpty
        ? line.text + "\n" : "\(line.text.padded(to: Self.commentColumn)) # \(line.comment)\n"
    }.joined()
  }

  /// Where the server keeps its state.
  package static let state = "/var/lib/ocean"

  /// What the compiler has against it: a sentence; nil if it can be read. Nothing is asked of this host.
  package var flaw: String? {
    let bytes = Array(text.utf8)
    let files = FileAccess(
      read: { _ in bytes }, matches: { _ in [] }, directory: { _ in "/etc/ocean" })
    guard let loaded = try? loadConfig("ocean.yaml", files: files),
      let found = loaded.diagnostics.first(where: { $0.severity == .error })
    else { return nil }
    return ([found.message] + [found.label, found.help].compactMap(\.self)).joined(separator: "; ")
      .escapedForDisplay
  }
}

extension Choices {
  /// The files of the certificate; nil without one.
  ///
  /// - Parameter folder: that of the config.
  package func pair(in folder: String) -> CertificatePair? {
    switch certificate {
    case .pair(let pair): pair
    case .selfSigned:
      CertificatePair(chain: selfSigned(in: folder) + ".crt", key: selfSigned(in: folder) + ".key")
    case .missing: nil
    }
  }
}

extension String {
  /// This text as a word of a command that is pasted.
  var pasted: String { shellWord(self) }
}
