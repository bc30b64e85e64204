package import OceanBase

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A plan at rest: `ocean plan --format json` prints it, `--out` saves it and `ocean serve` runs it.
///
/// It holds paths and hashes, but no secrets and no contents of account files.
package struct PlanFile: Sendable, Codable {
  /// 2: keys are those of the config, and so is the path of a value. 3: `log.logins`. 5: accounts in databases.
  /// 6: accounts that are asked elsewhere, in directories and over sockets.
  package static let formatVersion = 6

  package var formatVersion: Int
  package var digest: Digest
  @Indirect package var plan: Plan
  /// The changes from another plan, if it was compared with one. Only the digest of that plan is read back.
  @Indirect package var against: PlanDiff?
  /// The digest of the plan it was compared with.
  package var madeAgainst: Digest?
  package var inputs: [Input]
  @Indirect package var provenance: Provenance
  /// The rules that decide about addresses.
  package var rules: PlanRules
  /// The expectations of the config; nil if they are not known.
  package var expectations: [Plan.Expectation]?

  /// A file the plan was made from.
  package struct Input: Sendable, Hashable, Codable {
    package enum Role: String, Sendable, Hashable, Codable {
      case config
      case accounts
      /// A chain or a key. The plan itself names the certificate by its fingerprint.
      case certificate
      case addresses
    }

    package var role: Role
    /// An absolute path.
    package var path: String
    /// The hash of its contents; nil if they may change without changing the plan.
    package var sha256: Digest?

    package init(role: Role, path: String, sha256: Digest?) {
      self.role = role
      self.path = path
      self.sha256 = sha256
    }
  }

  package init(
    plan: Plan, inputs: [Input], provenance: Provenance, rules: PlanRules,
    expectations: [Plan.Expectation]? = nil, against: PlanDiff? = nil
  ) throws {
    self.against = against
    madeAgainst = against?.from
    formatVersion = Self.formatVersion
    digest = try plan.digest
    self.plan = plan
    self.inputs = inputs
    self.provenance = provenance
    self.rules = rules
    self.expectations = expectations
  }

  package enum ReadError: Error, Equatable, CustomStringConvertible {
    /// This is not a plan file at all, or it is cut short.
    case malformed(String)
    case version(Int)
    /// The plan inside does not match the digest.
    case damaged(expected: Digest, found: Digest)

    package var description: String {
      switch self {
      case .malformed(let reason): "it is damaged: \(reason)"
      case .version(let version) where version > 0 && version < PlanFile.formatVersion:
        "an older ocean wrote it (format \(version), this one reads \(PlanFile.formatVersion)): "
          + "make it again from its config with 'ocean plan --out'"
      case .version(let version): "its format is \(version), this ocean reads \(PlanFile.formatVersion)"
      case .damaged(let expected, let found): "it says \(expected.short), but holds \(found.short)"
      }
    }
  }

  /// Whether the bytes are meant as a plan and not as a config, which may be JSON too. The keys of the
  /// outermost object decide, in whatever order they stand and however long the values between them. A file
  /// that was cut short is recognized by any key that a plan file has; no such key is also one of a config.
  package static func isPlausible(_ bytes: [UInt8]) -> Bool {
    var keys = JSONKeys(bytes)
    var hasOwnKey = false
    while let key = keys.next() {
      switch CodingKeys(wireName: key) {
      case .digest, .formatVersion: return true
      case .some: hasOwnKey = true
      case nil: continue
      }
    }
    return hasOwnKey && !keys.isWhole
  }

  package init(json: [UInt8]) throws(ReadError) {
    struct Version: Decodable { var formatVersion: Int }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    // Editors leave a byte-order mark.
    let data = Data(json.starts(with: [0xef, 0xbb, 0xbf]) ? json.dropFirst(3) : json[...])
    do {
      let version = try decoder.decode(Version.self, from: data).formatVersion
      guard version == Self.formatVersion else { throw ReadError.version(version) }
      self = try decoder.decode(PlanFile.self, from: data)
      let found = try plan.digest
      guard found == digest else { throw ReadError.damaged(expected: digest, found: found) }
      if let flaw = plan.flaw { throw ReadError.malformed(flaw) }
      if let flaw = rules.flaw(in: plan) { throw ReadError.malformed(flaw) }
    } catch let error as ReadError {
      throw error
    } catch let error as DecodingError {
      throw .malformed(error.reason)
    } catch {
      throw .malformed("\(error)")
    }
  }

  /// The JSON text: the same bytes from run to run, keys sorted, indented for reading except for what the
  /// plan changes.
  package var json: [UInt8] {
    get throws {
      let encoder = JSONEncoder.canonical
      encoder.outputFormatting.insert(.prettyPrinted)
      let rest = try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
      guard let against else { return rest }
      // This is the first key in order, with the opening brace before it.
      return Array("{\n  \"against\" : ".utf8) + (try against.json().dropLast()) + [UInt8(ascii: ",")]
        + rest.dropFirst()
    }
  }

  private enum CodingKeys: String, CodingKey {
    case formatVersion, digest, policy, plan, against, inputs, provenance, rules, expectations

    /// The role as it is written in the file.
    init?(wireName: String) { self.init(rawValue: wireName == "format_version" ? "formatVersion" : wireName) }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    formatVersion = try container.decode(Int.self, forKey: .formatVersion)
    digest = try container.decode(Digest.self, forKey: .digest)
    plan = try container.decode(Plan.self, forKey: .plan)
    struct Against: Decodable { var from: Digest? }
    madeAgainst = try container.decodeIfPresent(Against.self, forKey: .against)?.from
    inputs = try container.decode([Input].self, forKey: .inputs)
    provenance = try container.decode(Provenance.self, forKey: .provenance)
    rules = try container.decodeIfPresent(PlanRules.self, forKey: .rules) ?? PlanRules()
    expectations = try container.decodeIfPresent([Plan.Expectation].self, forKey: .expectations)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(formatVersion, forKey: .formatVersion)
    try container.encode(digest, forKey: .digest)
    // For readers. It is computed anew from what is read back.
    try container.encode(policy, forKey: .policy)
    try container.encode(plan, forKey: .plan)
    if against == nil { try container.encodeNil(forKey: .against) }
    try container.encode(inputs, forKey: .inputs)
    try container.encode(provenance, forKey: .provenance)
    try container.encode(rules, forKey: .rules)
    try container.encodeIfPresent(expectations, forKey: .expectations)
  }
}
