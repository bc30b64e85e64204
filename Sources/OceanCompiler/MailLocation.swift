import OceanPlan
import OceanStore
import OceanSyntax

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
        .badTemplate, node.span, "\(variable) is a variable of Dovecot's, and stands for itself here",
        help: "write \(meant)")
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

/// How Dovecot writes what differs from account to account (`mail_location`).
private enum DovecotVariables {
  private static let counterparts = [
    ("%{user|username}", "{user}"), ("%{user|domain}", "{domain}"), ("%{user}", "{user}@{domain}"),
    ("%{home}", "{home}"), ("%n", "{user}"), ("%Ln", "{user}"), ("%d", "{domain}"), ("%Ld", "{domain}"),
    ("%u", "{user}@{domain}"), ("%Lu", "{user}@{domain}"), ("%h", "{home}"),
  ]

  /// The first variable in a location, and the location in ocean's words; nil without a variable.
  static func translation(of location: String) -> (variable: String, meant: String)? {
    var rest = location[...]
    if rest.hasPrefix("maildir:") { rest = rest.dropFirst("maildir:".count) }
    var (meant, variable) = ("", nil as String?)
    while let character = rest.first {
      if let (name, counterpart) = counterparts.first(where: { rest.hasPrefix($0.0) }) {
        variable = variable ?? name
        meant += counterpart
        rest = rest.dropFirst(name.count)
      } else {
        meant.append(character)
        rest = rest.dropFirst()
      }
    }
    return variable.map { ($0, meant) }
  }
}

extension MailTemplate.ParseError {
  fileprivate var words: (message: String, help: String?) {
    switch self {
    case .notAbsolute: ("a mail location is a path", nil)
    case .containsNUL: ("a path cannot contain NUL", nil)
    case .dots: ("'..' in a mail location", "write the path it leads to")
    case .unbalanced: ("a brace without its counterpart", "there are {user}, {domain} and {home}")
    case .unknownVariable(let name): ("\(name) stands for nothing", "there are {user}, {domain} and {home}")
    case .homeInside:
      ("{home} is an absolute path and can only stand at the beginning", "write {home}/Maildir")
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
    ("ocean", .ocean), ("dovecot", .dovecot(format: DovecotUIDLFormat.standard.description)),
    ("courier", .courier),
  ])
}

extension ValueType where Value == String {
  /// In the form that all formats of the same meaning have.
  static let dovecotUIDLFormat = ValueType(
    summary: "a format of unique ids", schema: ["type": "string", "pattern": "%[^%]*[ufg]"]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a format of unique ids") else { return nil }
    do throws(DovecotUIDLFormat.Issue) {
      return try DovecotUIDLFormat(text).description
    } catch {
      decoder.report(
        .badUIDLFormat, node.span, "ids of the format '\(text)' cannot be had", help: "\(error)")
      return nil
    }
  }
}
