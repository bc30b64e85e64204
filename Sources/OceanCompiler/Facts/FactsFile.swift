package import OceanPlan

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Facts at rest: `ocean facts` prints them, and `--facts` takes them in place of a host's own.
///
/// The file holds the contents of address lists. It holds only numbers of account files, and what is wrong
/// with which accounts; of certificates it holds what everybody may know. It holds no secrets.
package struct FactsFile: Sendable, Hashable, Codable {
  package static let formatVersion = 1

  package var formatVersion = Self.formatVersion
  /// The directory of the config, absolute: its relative paths are relative to it.
  package var directory: String
  /// `server.default_domain`: the facts about account files depend on it.
  package var defaultDomain: String?
  /// The files of the certificates in `facts`, by the same names.
  package var certificateFiles: [String: FactRequest.Certificate]
  /// The place of the token in `facts`.
  package var monitorTokenSource: Plan.SecretSource?
  /// The place of the secret of session tickets in `facts`.
  package var ticketSecretSource: Plan.SecretSource?
  /// The place of the password for the shared state in `facts`.
  package var sharedStatePasswordSource: Plan.SecretSource?
  /// The place of the password for Sentinels in `facts`.
  package var sentinelPasswordSource: Plan.SecretSource?
  /// The settings of the databases in `facts`, by the same names; nil from an earlier ocean.
  package var databaseSettings: [String: Plan.SQL]?
  /// The settings of the directories in `facts`, by the same names; nil from an earlier ocean.
  package var ldapSettings: [String: Plan.LDAP]?
  package var facts: Facts

  package init(
    _ facts: Facts, for request: FactRequest, directory: String, defaultDomain: String?
  ) {
    self.directory = directory
    self.defaultDomain = defaultDomain
    certificateFiles = request.certificates
    monitorTokenSource = request.monitorToken
    ticketSecretSource = request.ticketSecret
    sharedStatePasswordSource = request.sharedStatePassword
    sentinelPasswordSource = request.sentinelPassword
    databaseSettings = request.databases.isEmpty ? nil : request.databases
    ldapSettings = request.ldapServers.isEmpty ? nil : request.ldapServers
    self.facts = facts
  }

  /// The facts that a config asks for, if they are in the file. What was found for other files or another
  /// default domain is left out, whatever its name is.
  package func facts(for request: FactRequest, defaultDomain: String?) -> Facts {
    var answers = facts
    answers.hosts = facts.hosts.filter { request.hosts.contains($0.key) && $0.value != .notAsked }
    answers.users = facts.users.filter { request.users.contains($0.key) }
    answers.directories = facts.directories.filter { request.directories.contains($0.key) }
    answers.writable = facts.writable?.filter { request.trusted.contains($0.key) }
    answers.writtenFiles = facts.writtenFiles?.filter { request.writtenFiles.contains($0.key) }
    answers.full = facts.full?.filter { request.directories.contains($0.key) }
    answers.damaged = facts.damaged?.filter { request.stateDirectories.contains($0.key) }
    answers.listFiles = facts.listFiles.filter { request.listFiles.contains($0.key) }
    answers.databases = facts.databases?.filter { request.databases[$0.key] == databaseSettings?[$0.key] }
    answers.ldapServers = facts.ldapServers?.filter { request.ldapServers[$0.key] == ldapSettings?[$0.key] }
    answers.sockets = facts.sockets?.filter { request.sockets.contains($0.question) }
    if answers.mailFileSystem?.path != request.lockBase { answers.mailFileSystem = nil }
    if request.monitorToken != monitorTokenSource { answers.monitorToken = nil }
    if request.ticketSecret != ticketSecretSource { answers.ticketSecret = nil }
    if request.sharedStatePassword != sharedStatePasswordSource { answers.sharedStatePassword = nil }
    if request.sentinelPassword != sentinelPasswordSource { answers.sentinelPassword = nil }
    answers.permissions = facts.permissions?.filter { request.users.contains($0.key) }
    answers.accountFiles =
      defaultDomain == self.defaultDomain
      ? facts.accountFiles.filter { request.accountFiles.contains($0.key) } : [:]
    answers.logins =
      defaultDomain == self.defaultDomain ? facts.logins?.filter { request.logins.contains($0.login) } : nil
    // Only all account files together show which names occur twice.
    if Set(facts.accountFiles.keys) != request.accountFiles
      || Set(answers.accountFiles.keys) != request.accountFiles
    {
      answers.namesakes = nil
    }
    answers.certificates = request.certificates.compactMapValues { files in
      certificateFiles.filter { $0.value == files }.keys.min().flatMap { facts.certificates[$0] }
    }
    return answers
  }

  package enum ReadError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case version(Int)

    package var description: String {
      switch self {
      case .malformed(let reason): reason
      case .version(let version): "its format is \(version), this ocean reads \(FactsFile.formatVersion)"
      }
    }
  }

  package init(json: [UInt8]) throws(ReadError) {
    struct Version: Decodable { var formatVersion: Int }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = Data(json)
    do {
      let version = try decoder.decode(Version.self, from: data).formatVersion
      guard version == Self.formatVersion else { throw ReadError.version(version) }
      self = try decoder.decode(FactsFile.self, from: data)
    } catch let error as ReadError {
      throw error
    } catch let error as DecodingError {
      throw .malformed(error.reason)
    } catch {
      throw .malformed("\(error)")
    }
    guard facts.times.allSatisfy(Self.possibleTimes.contains) else {
      throw .malformed("a time in it is before the year 0 or after 9999")
    }
  }

  /// Times whose differences do not overflow.
  private static let possibleTimes = -62_167_219_200...253_402_300_799 as ClosedRange<Int64>

  /// The facts as JSON. The same facts give the same bytes: keys are sorted, and the text is indented for
  /// reading.
  package var json: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      encoder.keyEncodingStrategy = .convertToSnakeCase
      return try Array(encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
  }
}

extension Facts {
  fileprivate var times: [Int64] {
    [now]
      + certificates.values.flatMap { certificate in
        certificate.validities.flatMap { [$0.notBefore, $0.notAfter] }
          + (certificate.leaf.map { [$0.notBefore, $0.notAfter] } ?? [])
      }
  }
}
