/// A location, taken apart: `maildir:~/Maildir:INDEX=/var/index`.
struct Location {
  /// The driver in lower case; nil if Dovecot finds out by looking.
  let driver: String?
  let path: String
  /// The options in their order: `INDEX=/var/index`, `UTF-8`.
  let options: [(name: String, value: String)]

  init(_ text: String) {
    var parts = Self.parts(text)
    let first = parts.first ?? ""
    if first.hasPrefix("/") || first.hasPrefix("~") || first.hasPrefix("%") {
      driver = nil
    } else {
      driver = first.lowercased()
      parts.removeFirst()
    }
    path = parts.first ?? ""
    options = parts.dropFirst().filter { !$0.isEmpty }.map { part in
      let equals = part.firstIndex(of: "=") ?? part.endIndex
      return (String(part[..<equals]), String(part[equals...].dropFirst()))
    }
  }

  subscript(_ option: String) -> String? { options.last { $0.name == option }?.value }

  /// Splits a text at colons; a doubled colon stands for one.
  private static func parts(_ text: String) -> [String] {
    var parts = [""]
    var rest = text[...]
    while let character = rest.popFirst() {
      if character == ":", rest.first == ":" {
        rest.removeFirst()
        parts[parts.count - 1].append(":")
      } else if character == ":" {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }

  /// The meaning of an option of a Maildir's location for the INBOX; nil if that is not known.
  enum Meaning {
    case needless
    case path
    case open(String)
  }

  static func meaning(of option: String) -> Meaning? {
    switch option {
    case "INDEX", "INDEXPVT", "INDEXCACHE", "ITERINDEX", "LISTINDEX", "LAYOUT", "SUBSCRIPTIONS", "UTF-8",
      "BROKENCHAR",
      "ESCAPECHAR", "STORAGEESCAPECHAR", "NO-NOSELECT", "NO-FS-VALIDATION", "VOLATILEDIR", "KEEP-NOSELECT",
      "NO-LIST-INDEX":
      .needless
    case "INBOX": .path
    case "CONTROL":
      .open(
        "CONTROL= keeps dovecot-uidlist elsewhere: move it into the Maildirs before ocean opens them, or "
          + "clients fetch "
          + "everything again")
    case "DIRNAME", "FULLDIRNAME", "MAILBOXDIR", "ALT", "ALTNOCHECK":
      .open(
        "\(option)= puts mail elsewhere than the path says: see where the INBOX is, and write mail.maildir")
    default: nil
    }
  }
}
