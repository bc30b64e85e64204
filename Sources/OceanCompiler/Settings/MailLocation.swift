import OceanPlan
import OceanSyntax
import OceanUIDL

extension ValueType where Value == MailTemplate {
  static let maildir = ValueType(
    summary: "a path with `{user}`, `{domain}` or `{home}`",
    schema: ["type": "string", "pattern": "[{](user|home)[}]"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a path with {user}, {domain} or {home}") else {
      return nil
    }
    if let (variable, meant) = DovecotVariables.translation(of: text) {
      decoder.report(
        .badTemplate, node.span, "\(variable) is a variable of Dovecot, but not of ocean",
        help: "write \(meant)")
      return nil
    }
    if let (mistake, meant) = MisspelledLocation.mistake(in: text) {
      decoder.report(.badTemplate, node.span, mistake, help: meant)
      return nil
    }
    let path = text.hasPrefix("{home}") ? Path.normalized(text) : decoder.resolve(text, at: node.span)
    do throws(MailTemplate.ParseError) {
      return try MailTemplate(parsing: path)
    } catch {
      let (message, help) = error.words
      decoder.report(.badTemplate, node.span, message, help: help)
      return nil
    }
  }
}

/// Finds texts that stand for themselves in a path, but were surely not meant to.
private enum MisspelledLocation {
  static func mistake(in text: String) -> (message: String, help: String)? {
    if let colon = text.firstIndex(of: ":"),
      ["maildir", "mbox", "mdbox", "sdbox", "dbox"].contains(text[..<colon])
    {
      let rest = text[text.index(after: colon)...]
      return text.hasPrefix("maildir:")
        ? ("'maildir:' is for Dovecot; here it is part of the path", "write \(rest.prefix { $0 != ":" })")
        : (
          "mail in the format of \(text[..<colon]) cannot be served",
          "only Maildirs are: convert it, with Dovecot's dsync for example"
        )
    }
    if let quote = text.first(where: { "“”„‟‘’‚‛«»‹›".contains($0) }) {
      return (
        "\(quote) is part of the path",
        "use straight quotes around the whole: \"/var/mail/vhosts/{domain}/{user}/Maildir\""
      )
    }
    if text.hasPrefix("~") {
      return ("'~' is part of the path here", "write {home}\(text.drop { $0 != "/" })")
    }
    guard text.utf8.contains(UInt8(ascii: "$")) else { return nil }
    for (name, meant) in [
      ("${domain}", "{domain}"), ("$domain", "{domain}"), ("${user}", "{user}"), ("$user", "{user}"),
      ("${home}", "{home}"),
      ("$home", "{home}"), ("$HOME", "{home}"), ("${local_part}", "{user}"), ("$local_part", "{user}"),
    ] where text.contains(name) {
      return ("\(name) is part of the path here", "write \(meant)")
    }
    return nil
  }
}

/// Translates Dovecot's variables for what differs from account to account (`mail_location`, `mail_path`).
private enum DovecotVariables {
  /// The first variable in a location, and the location in ocean's words; nil without a variable.
  static func translation(of location: String) -> (variable: String, meant: String)? {
    var rest = location[...]
    if rest.hasPrefix("maildir:") { rest = rest.dropFirst("maildir:".count) }
    var (meant, variable) = ("", nil as String?)
    if rest.hasPrefix("~/") {
      (meant, variable) = ("{home}", "~")
      rest = rest.dropFirst()
    }
    // A location that names the domain on its own does not also mean it by the user.
    // A location without `%` is the usual one; making a regular expression takes long.
    let hasDomain =
      location.contains("%") && location.contains(/%\{\s*(domain|user\s*\|\s*domain)|%[LU0-9.]*d/)
    while let character = rest.first {
      if character == "%", let (name, counterpart) = first(in: rest, hasDomain: hasDomain) {
        variable = variable ?? String(name)
        meant += counterpart
        rest = rest.dropFirst(name.count)
      } else {
        meant.append(character)
        rest = rest.dropFirst()
      }
    }
    return variable.map { ($0, meant) }
  }

  /// The variable that a text begins with: `%n`, `%Ln`, `%{user | username}`, or one of ocean's with a `%`
  /// before it.
  private static func first(in text: Substring, hasDomain: Bool) -> (Substring, String)? {
    let address = "{user}@{domain}"
    if let match = text.prefixMatch(of: /%[LU0-9.]*([nduh])/) {
      return (match.0, ["n": "{user}", "d": "{domain}", "h": "{home}", "u": address][match.1] ?? "")
    }
    guard let match = text.prefixMatch(of: /%\{\s*([a-z]+)((?:\s*\|\s*[a-z]+)*)\s*\}/) else { return nil }
    let filters = match.2.split { $0 == "|" || $0.isWhitespace }
    guard filters.allSatisfy({ ["username", "domain", "lower"].contains($0) }) else { return nil }
    let part = filters.first { $0 != "lower" } ?? match.1
    switch (match.1, part) {
    case ("user", "user"): return (match.0, hasDomain ? "{user}" : address)
    case (_, "username"): return (match.0, "{user}")
    case (_, "domain"): return (match.0, "{domain}")
    case ("home", "home"): return (match.0, "{home}")
    default: return nil
    }
  }
}

extension MailTemplate.ParseError {
  fileprivate var words: (message: String, help: String?) {
    switch self {
    case .notAbsolute: ("a mail location is a path", nil)
    case .containsNUL: ("a path cannot contain NUL", nil)
    case .dots: ("'..' in a mail location", "write the path it leads to")
    case .unbalanced: ("an unmatched brace", "known here: {user}, {domain} and {home}")
    case .unknownVariable(let name): ("\(name) is unknown here", "known here: {user}, {domain} and {home}")
    case .homeInside:
      ("{home} is an absolute path and can only be at the beginning", "write {home}/Maildir")
    case .shared:
      (
        "without {user} or {home}, all accounts would share one mailbox",
        "for example /var/mail/vhosts/{domain}/{user}/Maildir or {home}/Maildir"
      )
    }
  }
}

extension ValueType where Value == UIDLSource {
  /// A word, or a mapping with a format.
  static let uidl = ValueType(
    summary: "`ocean`, `dovecot` or `courier`, or a mapping",
    schema: ["anyOf": [word.schema, Settings.foreignIDs.schema]], children: Settings.foreignIDs.rows
  ) { node, decoder in
    guard node.mapping != nil else { return word.decode(node, &decoder) }
    return Settings.foreignIDs.decode(node, &decoder)?.dovecot.map { .dovecot(format: $0.value) }
  }

  private static let word = ValueType.choice([
    ("ocean", .ocean), ("dovecot", .dovecot(format: .standard)),
    ("courier", .courier),
  ])
}

extension ValueType where Value == DovecotUIDLFormat {
  static let dovecotUIDLFormat = ValueType(
    summary: "a format of unique ids", schema: ["type": "string", "pattern": "%[^%]*[ufg]"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a format of unique ids") else { return nil }
    do throws(DovecotUIDLFormat.Issue) {
      return try DovecotUIDLFormat(text)
    } catch {
      decoder.report(
        .badUIDLFormat, node.span, "ids of the format '\(text)' are not possible", help: "\(error)")
      return nil
    }
  }
}
