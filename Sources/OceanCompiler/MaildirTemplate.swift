import OceanSyntax

extension ValueType where Value == String {
  /// A path with `{user}`, `{domain}` and `{home}`.
  static let maildirTemplate = ValueType(
    summary: "a path with `{user}`, `{domain}` or `{home}`",
    schema: ["type": "string", "minLength": 1]
  ) { node, decoder in
    guard let text = decoder.scalar(node, expected: "a path with {user}, {domain} or {home}") else { return nil }
    var rest = text[...]
    var variables: Set<Substring> = []
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
        decoder.report(.badTemplate, node.span, "unbalanced braces in '\(text)'")
        return nil
      }
      let variable = rest[rest.index(after: open)..<close]
      guard ["user", "domain", "home"].contains(variable) else {
        decoder.report(
          .badTemplate, node.span, "{\(variable)} stands for nothing",
          help: "there are {user}, {domain} and {home}")
        return nil
      }
      variables.insert(variable)
      rest = rest[rest.index(after: close)...]
    }
    if text.contains("{home}"), !text.hasPrefix("{home}") {
      decoder.report(
        .badTemplate, node.span, "{home} is an absolute path and can only stand at the beginning",
        help: "write {home}/Maildir")
      return nil
    }
    guard variables.contains("user") || variables.contains("home") else {
      decoder.report(
        .badTemplate, node.span, "without {user} or {home}, all accounts would share one mailbox",
        help: "for example /var/mail/vhosts/{domain}/{user}/Maildir or {home}/Maildir")
      return nil
    }
    if text.split(separator: "/").contains(where: { $0 == ".." }) {
      decoder.report(
        .badTemplate, node.span, "'..' in a mail location", help: "write the path it leads to")
      return nil
    }
    return text.hasPrefix("{home}") ? text : decoder.resolve(text, at: node.span)
  }
}
