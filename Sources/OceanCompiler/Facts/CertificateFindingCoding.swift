package import OceanBase

/// The keys of a finding: `kind` names its case, and the others hold what belongs to the case.
private enum Key: String, CodingKey {
  case kind, line, label, place, key, type, algorithm, days
}

extension CertificateFinding: Codable {
  private enum Kind: String, Codable {
    case empty
    case tooLarge = "too_large"
    case noCertificate = "no_certificate"
    case malformedCertificate = "malformed_certificate"
    case unexpectedBlock = "unexpected_block"
    case tooManyCertificates = "too_many_certificates"
    case keyInChain = "key_in_chain"
    case noKey = "no_key"
    case malformedKey = "malformed_key"
    case passphraseMissing = "passphrase_missing"
    case passphraseWrong = "passphrase_wrong"
    case unsupportedKey = "unsupported_key"
    case keyMismatch = "key_mismatch"
    case leafNotFirst = "leaf_not_first"
    case outOfOrder = "out_of_order"
    case unrelated
    case missingIntermediate = "missing_intermediate"
    case rootIncluded = "root_included"
    case weakKey = "weak_key"
    case weakSignature = "weak_signature"
    case noAlternativeName = "no_alternative_name"
    case notForServers = "not_for_servers"
    case notForSigning = "not_for_signing"
    case authorityAsLeaf = "authority_as_leaf"
    case longLived = "long_lived"
  }

  package init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func line() throws -> Int { try container.decode(Int.self, forKey: .line) }
    func place() throws -> Int { try container.decode(Int.self, forKey: .place) }
    func text(_ key: Key) throws -> String { try container.decode(String.self, forKey: key) }
    self =
      switch try container.decode(Kind.self, forKey: .kind) {
      case .empty: .empty
      case .tooLarge: .tooLarge
      case .noCertificate: .noCertificate
      case .malformedCertificate: .malformedBlock(line: try line())
      case .unexpectedBlock: .unexpectedBlock(line: try line(), label: try text(.label))
      case .tooManyCertificates: .tooManyCertificates(line: try line())
      case .keyInChain: .keyInChain(line: try line())
      case .noKey: .key(.missing)
      case .malformedKey: .key(.malformed(line: try line()))
      case .passphraseMissing: .key(.passphraseMissing)
      case .passphraseWrong: .key(.passphraseWrong)
      case .unsupportedKey: .key(.unsupported(type: try text(.type)))
      case .keyMismatch: .keyMismatch
      case .leafNotFirst: .leafNotFirst(place: try place())
      case .outOfOrder: .outOfOrder(place: try place())
      case .unrelated: .unrelated(place: try place())
      case .missingIntermediate: .missingIntermediate
      case .rootIncluded: .rootIncluded(place: try place())
      case .weakKey: .weakKey(place: try place(), key: try text(.key))
      case .weakSignature: .weakSignature(place: try place(), algorithm: try text(.algorithm))
      case .noAlternativeName: .noAlternativeName
      case .notForServers: .notForServers
      case .notForSigning: .notForSigning
      case .authorityAsLeaf: .authorityAsLeaf
      case .longLived: .longLived(days: try container.decode(Int.self, forKey: .days))
      }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func encode(_ kind: Kind, _ number: (Key, Int)? = nil, _ text: (Key, String)? = nil) throws {
      try container.encode(kind, forKey: .kind)
      if let (key, value) = number { try container.encode(value, forKey: key) }
      if let (key, value) = text { try container.encode(value, forKey: key) }
    }
    switch self {
    case .empty: try encode(.empty)
    case .tooLarge: try encode(.tooLarge)
    case .noCertificate: try encode(.noCertificate)
    case .malformedBlock(let line): try encode(.malformedCertificate, (.line, line))
    case .unexpectedBlock(let line, let label): try encode(.unexpectedBlock, (.line, line), (.label, label))
    case .tooManyCertificates(let line): try encode(.tooManyCertificates, (.line, line))
    case .keyInChain(let line): try encode(.keyInChain, (.line, line))
    case .key(.missing): try encode(.noKey)
    case .key(.malformed(let line)): try encode(.malformedKey, (.line, line))
    case .key(.passphraseMissing): try encode(.passphraseMissing)
    case .key(.passphraseWrong): try encode(.passphraseWrong)
    case .key(.unsupported(let type)): try encode(.unsupportedKey, nil, (.type, type))
    case .keyMismatch: try encode(.keyMismatch)
    case .leafNotFirst(let place): try encode(.leafNotFirst, (.place, place))
    case .outOfOrder(let place): try encode(.outOfOrder, (.place, place))
    case .unrelated(let place): try encode(.unrelated, (.place, place))
    case .missingIntermediate: try encode(.missingIntermediate)
    case .rootIncluded(let place): try encode(.rootIncluded, (.place, place))
    case .weakKey(let place, let key): try encode(.weakKey, (.place, place), (.key, key))
    case .weakSignature(let place, let algorithm):
      try encode(.weakSignature, (.place, place), (.algorithm, algorithm))
    case .noAlternativeName: try encode(.noAlternativeName)
    case .notForServers: try encode(.notForServers)
    case .notForSigning: try encode(.notForSigning)
    case .authorityAsLeaf: try encode(.authorityAsLeaf)
    case .longLived(let days): try encode(.longLived, (.days, days))
    }
  }
}
