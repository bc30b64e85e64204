/// Something that clients had in a certificate and no longer have in its successor, so that some of them
/// refuse it.
package enum CertificateLoss: Sendable, Hashable {
  /// The new one is signed by its own key, the one before was signed by a CA.
  case issuer(String)
  /// Certificates that were sent with the leaf, and for which nothing is sent now: by subject, or by
  /// fingerprint if the plan has nothing else.
  case intermediates([String])
  /// Names that the certificate no longer covers.
  case names([String])
  /// A key of another kind, which not every client knows, or one that is too weak for today's clients.
  case key(before: String, after: String)

  /// Whether it is about who signed it, and what is sent to show that.
  var isOfIssuers: Bool {
    switch self {
    case .issuer, .intermediates: true
    case .names, .key: false
    }
  }

  var isOfKey: Bool { if case .key = self { true } else { false } }
}

extension CertificateLoss: CustomStringConvertible {
  /// A clause: what is wrong with the new certificate.
  package var description: String {
    switch self {
    case .issuer(let name): "self-signed, no longer signed by \(name)"
    case .intermediates(let names): "no longer sends: \(names.joined(separator: ", "))"
    case .names(let names): "no longer for: \(names.joined(separator: ", "))"
    case .key(let before, let after): "key \(before) -> \(after), which not every client knows"
    }
  }
}

extension Plan.LeafFacts {
  /// The losses of clients if `new` takes its place. They lose nothing by the usual renewals of CAs and their
  /// programs, even if another intermediate signs from now on.
  package func losses(in new: Plan.LeafFacts) -> [CertificateLoss] {
    var losses: [CertificateLoss] = []
    let issuers = chainFingerprints.dropFirst()
    let newIssuers = new.chainFingerprints.dropFirst()
    if new.isSelfSigned, !isSelfSigned {
      losses.append(.issuer(issuer))
    } else if !issuers.isEmpty, !new.isSelfSigned {
      // A different chain of issuers is a different path, which may be shorter.
      let lost = issuers.filter { !newIssuers.contains($0) }
      if !lost.isEmpty, Set(newIssuers).isSubset(of: issuers) {
        losses.append(
          .intermediates(lost.map { $0 == issuers.first ? issuer : String($0.prefix(Self.shownDigits)) }))
      }
    }
    let names = names.filter { !new.isFor($0) }
    if !names.isEmpty { losses.append(.names(names)) }
    if !new.keyKind.isKnown(wherever: keyKind) || new.isWeak && !isWeak {
      losses.append(.key(before: keyType, after: new.keyType))
    }
    return losses
  }

  private static let shownDigits = 16

  /// Whether issuer and subject are the same, and nothing is sent with it.
  private var isSelfSigned: Bool { subject == issuer && chainFingerprints.count <= 1 }

  /// Whether a client that asks for a name accepts it; the name may have a `*` (RFC 9525 §6.3).
  package func isFor(_ name: String) -> Bool {
    if names.contains(name) { return true }
    guard let dot = name.firstIndex(of: "."), !name.hasPrefix("*.") else { return false }
    return names.contains("*" + name[dot...])
  }

  /// The algorithm that clients must know to verify a signature by a key.
  package enum KeyKind: String, Sendable, Hashable, CaseIterable, Codable {
    case rsa = "RSA"
    case ecdsa = "ECDSA"
    case ed25519 = "Ed25519"

    /// Whether every client that knows another kind surely knows this one: RSA is the oldest, and Ed25519 is
    /// known by few.
    func isKnown(wherever other: KeyKind) -> Bool {
      switch (other, self) {
      case (_, .rsa), (.ecdsa, .ecdsa), (.ed25519, _): true
      default: false
      }
    }
  }

  package var keyKind: KeyKind {
    switch keyType.prefix(while: { $0 != " " }) {
    case "EC", "ECDSA": .ecdsa
    case "Ed25519": .ed25519
    default: .rsa
    }
  }

  /// Whether the key is below what today's clients accept (NIST SP 800-131A), or on a curve that few of them
  /// have.
  var isWeak: Bool {
    let size = keyType.split(separator: " ").last.map(String.init) ?? ""
    return switch keyKind {
    case .rsa: Int(size).map { $0 < 2048 } ?? false
    case .ecdsa: !["P-256", "prime256v1", "P-384", "secp384r1"].contains(size)
    case .ed25519: false
    }
  }
}
