import OceanAccess
import OceanBase
import OceanSyntax

/// Advice about accounts that ocean cannot take over as they are.
enum AccountAdvice {
  private static let line = "write the accounts to a passwd-file, a line each: user@domain:{SCHEME}hash::::::"

  /// A command whose output is a file of accounts. Nobody else may read it, because it has hashes.
  private static func writing(_ made: String, _ command: String) -> String {
    "(umask 077; \(command) >\(made.shellQuoted))"
  }

  /// - Parameter made: the passwd-file to write.
  static func onPasswords(
    of driver: String, _ arguments: String, made: String
  ) -> (text: String, commands: [String]) {
    switch driver {
    case "pam", "shadow", "passwd", "bsdauth":
      return (
        "saslauthd asks the system for passwords: a source { saslauthd: /run/saslauthd/mux } under accounts; or \(line). "
          + "Hashes of /etc/shadow can be used as they are:",
        [
          writing(
            made,
            #"awk -F: 'NR==FNR{home[$1]=$6;next} $2~/^\$/{print $1":{CRYPT}"$2"::::"home[$1]"::"}' /etc/passwd /etc/shadow"#
          )
        ]
      )
    case "sql":
      return (
        "all users of this passdb are missing: write a source that asks the database itself, under accounts, with the "
          + "query of this passdb, in which {address}, {user} and {domain} stand for %u, %n and %d. Its column password "
          + "must be there; home and mail may. `ocean check` lets the database prepare it. For example:",
        [
          "panel: { sql: { url: mysql://ocean@127.0.0.1/postfix, password: { file: mail-db.pw }, query: \"SELECT password "
            + "FROM mailbox WHERE username = {address} AND active = '1'\" } }"
        ]
      )
    case "dict":
      return (
        "all users of this passdb are missing, because no database is asked; \(line). Export them, and again when they change",
        []
      )
    case "ldap":
      return (
        "all users of this passdb are missing: write a source that asks the directory itself, under accounts, with the base "
          + "and the filter of this passdb, in which {address}, {user} and {domain} stand for %u, %n and %d. With bind, the "
          + "directory checks the password; with compare, ocean does. `ocean check` asks whether it lets ocean in. For example:",
        [
          "staff: { ldap: { url: ldaps://ldap.example.org, base: \"ou=people,dc=example,dc=org\", filter: "
            + "\"(mail={address})\", verify: bind } }"
        ]
      )
    case "static" where arguments.contains("proxy"):
      return (
        "this Dovecot hands clients on to another server, and has no accounts of its own: import the config "
          + "of that server",
        []
      )
    case "static": return ("one password for all is not taken over; \(line)", [])
    case "imap", "pop3", "checkpassword", "oauth2", "lua", "vpopmail":
      return ("no other program or server is asked for passwords; \(line)", [])
    default: return (line, [])
    }
  }

  static func onUsers(of driver: String) -> String {
    switch driver {
    case "passwd":
      "mail of the system's users, each with an owner of its own; ocean reads all mail as one user, "
        + "server.user, which must be "
        + "able to. Homes are written into the sixth field of the passwd-file"
    case "sql": "the query under accounts gives homes as the column home, and Maildirs as the column mail"
    case "ldap": "attributes under accounts name the one that has the home, and the one that has the Maildir"
    case "dict": "write homes into the sixth field of the passwd-file"
    default: "what it says of homes belongs in the sixth field of the passwd-file"
    }
  }

  /// Advice about a file for each domain: one file for all has the domain in each name.
  static func onDomainFiles(
    _ path: String, _ format: String?, made: String
  ) -> (text: String, commands: [String]) {
    let parts = path.split(separator: "%d", omittingEmptySubsequences: false).map(String.init)
    let isSimple =
      parts.count == 2
      && parts.allSatisfy { $0.utf8.allSatisfy { byte in isPlain(byte) } } && path.hasPrefix("/")
    guard isSimple, format == nil || format == "%n" || format == "%Ln" else {
      return (
        "a source of accounts is one file: put the lines of all files into one, with whole names, user@domain",
        []
      )
    }
    let (before, after) = (parts[0], parts[1])
    if format == nil {
      return (
        "a source of accounts is one file, and here each domain has its own: put the lines of all files into one",
        [writing(made, "cat \(before)*\(after)")]
      )
    }
    return (
      "a source of accounts is one file, and here each domain has its own, with names that lack the domain: "
        + "put the lines of "
        + "all files into one, with the domain",
      [
        writing(
          made,
          "for f in \(before)*\(after); do d=${f#\(before)}; sed -n \"s/^\\([^:@#]*\\):/\\1@${d%\(after)}:/p\" "
            + "\"$f\"; done")
      ]
    )
  }

  /// Advice about passwords without a scheme, if the config names a scheme other than crypt(3) for them; nil
  /// if they can stay.
  static func onScheme(
    _ scheme: String, _ path: String, made: String
  ) -> (text: String, commands: [String])? {
    let name = scheme.uppercased()
    // Such a hash names its own kind.
    if ["CRYPT", "MD5-CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT", "DES-CRYPT"].contains(name) {
      return nil
    }
    guard isSupported(name) else {
      return (
        "ocean cannot check such hashes: accounts whose password has no other scheme before it need a new one, with "
          + "'ocean passwd'",
        []
      )
    }
    return (
      "passwords without a scheme are hashes of crypt(3) to ocean: take a copy with {\(name)} before those "
        + "without a scheme",
      path.utf8.allSatisfy { isPlain($0) }
        ? [writing(made, #"sed 's/^\([^:#]*\):\([^{:]\)/\1:{\#(name)}\2/' \#(path)"#)] : []
    )
  }

  private static func isSupported(_ scheme: String) -> Bool {
    let line = SecretBytes(copying: Array("a:{\(scheme)}x\n".utf8))
    return !PasswdFile(parsing: line, defaultDomain: nil).issues.entries.contains { issue in
      switch issue.kind {
      case .unsupportedScheme, .unknownScheme: true
      default: false
      }
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
