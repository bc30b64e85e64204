internal import OceanBase

/// A reason why a certificate is not a renewal of the one before: not everything is as it was that clients, or the
/// administrator, count on.
package enum CertificateDeparture: Sendable, Hashable {
  /// Clients of the one before would refuse it.
  case loss(CertificateLoss)
  /// Another CA signs it.
  case issuer(before: String, after: String)
  /// Its chain leads to another root.
  case root(before: String, after: String)
  case keyKind(before: String, after: String)
  case names(added: [String])
  /// Without alternative names, the subject is what clients go by.
  case subject(before: String, after: String)
  /// Seconds since 1970.
  case earlierEnd(before: Int64, after: Int64)
}

extension CertificateDeparture: CustomStringConvertible {
  /// A clause: what is not as it was.
  package var description: String {
    switch self {
    case .loss(let loss): "\(loss)"
    case .issuer(let before, let after): "signed by \(after), before by \(before)"
    case .root(let before, let after): "leads to \(after), before to \(before)"
    case .keyKind(let before, let after): "key \(before) -> \(after)"
    case .names(let added): "also for: \(added.joined(separator: ", "))"
    case .subject(let before, let after): "subject \(before) -> \(after)"
    case .earlierEnd(let before, let after):
      "ends earlier: \(Timestamp.text(after)), before \(Timestamp.text(before))"
    }
  }

  package var isLoss: Bool { if case .loss = self { true } else { false } }
  package var isOfIssuer: Bool { if case .issuer = self { true } else { false } }
}

extension Plan.LeafFacts {
  /// Why `new` is not a renewal; empty if it is one.
  ///
  /// A renewal has the CA, the kind of key and the names of the one before, and does not end earlier. CAs have
  /// several intermediates and sign with any of them: another one is no other CA if it is of the same
  /// organization and the chain leads to the same root.
  package func departures(in new: Plan.LeafFacts) -> [CertificateDeparture] {
    let losses = losses(in: new)
    var departures = losses.map(CertificateDeparture.loss)
    if !losses.contains(where: \.isOfIssuers) {
      if !isOfAuthority(of: new) {
        departures.append(.issuer(before: issuer, after: new.issuer))
      } else if let root, let newRoot = new.root, root != newRoot {
        departures.append(.root(before: root, after: newRoot))
      }
    }
    if keyKind != new.keyKind, !losses.contains(where: \.isOfKey) {
      departures.append(.keyKind(before: keyType, after: new.keyType))
    }
    let added = new.names.filter { !names.contains($0) }
    if !added.isEmpty { departures.append(.names(added: added)) }
    if names.isEmpty, new.names.isEmpty, subject != new.subject {
      departures.append(.subject(before: subject, after: new.subject))
    }
    if new.notAfter < notAfter { departures.append(.earlierEnd(before: notAfter, after: new.notAfter)) }
    return departures
  }

  /// Whether the same CA signed both, as far as names tell: another intermediate of an organization counts only
  /// where it is known which root it leads to.
  private func isOfAuthority(of new: Plan.LeafFacts) -> Bool {
    if issuer == new.issuer { return true }
    guard root != nil, new.root != nil else { return false }
    let organization = DistinguishedName.organization(in: issuer)
    return organization != nil && organization == DistinguishedName.organization(in: new.issuer)
  }
}

extension Plan.Certificate {
  /// Whether `other` is a renewal, from the same files.
  package func isRenewed(by other: Plan.Certificate) -> Bool {
    hasFiles(of: other) && leaf.departures(in: other.leaf).isEmpty
  }

  /// Whether both are read from the same files, with the same passphrase.
  package func hasFiles(of other: Plan.Certificate) -> Bool {
    chain == other.chain && key == other.key && passphrase == other.passphrase
  }
}

/// The name of a CA or a subject, as RFC 4514 text.
private enum DistinguishedName {
  /// The organization, as written; nil without one.
  static func organization(in text: String) -> Substring? {
    var start = text.startIndex
    var isEscaped = false
    for index in text.indices {
      if isEscaped {
        isEscaped = false
      } else if text[index] == "\\" {
        isEscaped = true
      } else if text[index] == "," {
        if let found = value(text[start..<index]) { return found }
        start = text.index(after: index)
      }
    }
    return value(text[start...])
  }

  private static func value(_ attribute: Substring) -> Substring? {
    attribute.hasPrefix("O=") ? attribute.dropFirst(2) : nil
  }
}
