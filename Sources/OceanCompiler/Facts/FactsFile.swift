import OceanPlan

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// Facts at rest: what `ocean facts` prints, and what `--facts` takes in place of a host's own.
///
/// It holds what is in address lists, but of account files only numbers and what is wrong with which accounts, of certificates
/// what everybody may know, and no secrets.
package struct FactsFile: Sendable, Hashable, Codable {
  package static let formatVersion = 1

  package var formatVersion = Self.formatVersion
  /// Where the config was, absolute: what its relative paths stood for.
  package var directory: String
  /// `server.default_domain`, on which depends what there is to say of account files.
  package var defaultDomain: String?
  /// Of which files the certificates of `facts` are, by the same names.
  package var certificateFiles: [String: FactRequest.Certificate]
  package var facts: Facts

  package init(
    _ facts: Facts, for request: FactRequest, directory: String, defaultDomain: String?
  ) {
    self.directory = directory
    self.defaultDomain = defaultDomain
    certificateFiles = request.certificates
    self.facts = facts
  }

  /// The facts that a config asks for, as far as they are here. Not among them is what was found for other files or
  /// another default domain, whatever its name is.
  package func facts(for request: FactRequest, defaultDomain: String?) -> Facts {
    var answers = facts
    answers.hosts = facts.hosts.filter { request.hosts.contains($0.key) && $0.value != .notAsked }
    answers.users = facts.users.filter { request.users.contains($0.key) }
    answers.directories = facts.directories.filter { request.directories.contains($0.key) }
    answers.writable = facts.writable?.filter { request.trusted.contains($0.key) }
    answers.writtenFiles = facts.writtenFiles?.filter { request.writtenFiles.contains($0.key) }
    answers.listFiles = facts.listFiles.filter { request.listFiles.contains($0.key) }
    answers.permissions = facts.permissions?.filter { request.users.contains($0.key) }
    answers.accountFiles =
      defaultDomain == self.defaultDomain
      ? facts.accountFiles.filter { request.accountFiles.contains($0.key) } : [:]
    // It takes all of them to know which names occur twice.
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

  /// Differences of these can be calculated with.
  private static let possibleTimes = -62_167_219_200...253_402_300_799 as ClosedRange<Int64>

  /// The same bytes for the same facts, keys sorted, indented for reading.
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
