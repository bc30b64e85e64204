import OceanPlan
import OceanSyntax

extension ValueType where Value == Config.ImplicitTLS {
  /// Ports, or a mapping with a switch.
  static let implicitTLS = ValueType(
    summary: "a list of ports, or a mapping",
    schema: ["anyOf": [ports.schema, Settings.implicitTLS.schema]],
    children: Settings.implicitTLS.rows
  ) { node, decoder in
    if node.mapping != nil { return Settings.implicitTLS.decode(node, &decoder) }
    return ports.decode(node, &decoder).map { Config.ImplicitTLS(ports: Located($0, node.anchor)) }
  }

  private static let ports = ValueType<[Located<Int>]>.list(.integer(Plan.Bounds.port), of: "ports")
}

extension ValueType where Value == Plan.SecretSource {
  /// A mapping with one of the places a secret can be at.
  static let secret = ValueType(
    summary: "a mapping with one of these", schema: Settings.secret.schema, children: Settings.secret.rows
  ) { node, decoder in
    let mistakes = decoder.diagnostics.count
    if node.scalar != nil {
      // It may be the secret itself.
      var mistake = Diagnostic(
        .wrongShape, "expected the place of a secret, a mapping, found a single value", at: node.span,
        help: "for example { file: tls/passphrase }; a secret itself does not belong here")
      mistake.hidesLine = true
      decoder.diagnostics.append(mistake)
      return nil
    }
    guard let given = Settings.secret.decode(node, &decoder) else { return nil }
    let sources: [Plan.SecretSource?] = [
      given.file.map { .file($0.value) }, given.env.map { .env($0.value) },
      given.credential.map { .credential($0.value) },
    ]
    let found = sources.compactMap(\.self)
    guard found.count == 1 else {
      if decoder.diagnostics.count == mistakes {
        decoder.report(
          .wrongShape, node.anchor, "expected one of file, env and credential, found \(found.count) of them",
          help: "for example { file: tls/passphrase }")
      }
      return nil
    }
    return found.first
  }

}

extension ValueType where Value == String {
  static let environmentVariable = ValueType(
    summary: "the name of a variable", schema: ["type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"]
  ) { node, decoder in
    decoder.word(
      node, "the name of a variable", "a letter or underscore, then letters, digits and underscores"
    ) {
      $0.first.map { (48...57).contains($0) } == false
        && $0.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }
  }

  /// A file name in the directory that systemd makes for the service.
  static let credential = ValueType(
    summary: "the name of a credential",
    schema: ["type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]*$"]
  ) { node, decoder in
    decoder.word(node, "the name of a credential", "letters, digits, dots, hyphens and underscores") {
      $0.first != UInt8(ascii: ".") && $0.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
    }
  }
}

extension Decoder {
  /// Reads a scalar that has only certain characters.
  fileprivate mutating func word(
    _ node: Node, _ expected: String, _ rule: String, isValid: (String.UTF8View) -> Bool
  ) -> String? {
    guard let text = scalar(node, expected: expected) else { return nil }
    guard isValid(text.utf8) else {
      report(.badName, node.span, "'\(text)' cannot be \(expected)", help: rule)
      return nil
    }
    return text
  }
}
