import OceanPlan

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The HTTP API that a running server answers on its control socket; docs/control-api.yaml describes it.
///
/// Server and client share these types, so that they cannot disagree about them.
package enum ControlAPI {
  /// The version in every answer. Fields may be added without a new version.
  package static let formatVersion = 1

  /// GET, answered with a `ServerStatus`.
  package static let status = "/v1/status"
  /// GET, answered with a `SessionList`.
  package static let sessions = "/v1/sessions"
  /// POST of a `SessionSelection`, answered with a `KickResult`.
  package static let kick = "/v1/sessions/kick"

  /// POST of an `AddressQuestion`, answered with an `AddressReport`.
  package static let address = "/v1/address"
  /// GET, answered with `ActiveBlocks`.
  package static let blocks = "/v1/blocks"
  /// POST of an `UnblockRequest`, answered with the `ActiveBlocks` of those that were lifted.
  package static let unblock = "/v1/blocks/lift"

  /// POST of a `ForgetRequest`, answered with `ForgottenLogins`.
  package static let forget = "/v1/accounts/forget"

  /// GET, answered with the `PlanFile` that is running.
  package static let plan = "/v1/plan"
  /// POST of a `PlanFile`, with an `ApplyRequest` in the query; answered with an `ApplyReport`.
  package static let apply = "/v1/plan/apply"
  /// POST of a `ConfirmRequest`, answered with an `ApplyReport`.
  package static let confirm = "/v1/plan/confirm"
  /// POST of a `RollbackRequest`, answered with an `ApplyReport`.
  package static let rollback = "/v1/plan/rollback"
  /// POST of a `RollbackRequest`, answered with a `RollbackPreview`; nothing is changed.
  package static let rollbackPreview = "/v1/plan/rollback/preview"
  /// GET, answered with a `PlanHistory`.
  package static let history = "/v1/plan/history"

  package enum DecodingFailure: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    case version(Int)

    package var description: String {
      switch self {
      case .malformed(let reason): reason
      case .version(let version): "format \(version) is unknown, this ocean reads \(ControlAPI.formatVersion)"
      }
    }
  }

  private struct Version: Decodable { var formatVersion: Int? }

  /// Encodes JSON with sorted keys, and a line end for people.
  package static func encode(_ message: some Encodable) throws -> [UInt8] {
    try CanonicalJSON.line(message)
  }

  /// Decodes a message of this version. A message without a version counts as one of this version.
  package static func decode<Message: Decodable>(
    _: Message.Type, from json: [UInt8]
  ) throws(DecodingFailure) -> Message {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = Data(json)
    do {
      let version = try decoder.decode(Version.self, from: data).formatVersion ?? formatVersion
      guard version == formatVersion else { throw DecodingFailure.version(version) }
      return try decoder.decode(Message.self, from: data)
    } catch let error as DecodingFailure {
      throw error
    } catch let error as DecodingError {
      throw .malformed(error.reason)
    } catch {
      throw .malformed("\(error)")
    }
  }
}

/// The answer to a request that failed.
package struct ControlFailure: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  /// One sentence.
  package var error: String

  package init(error: String) { self.error = error }
}
