import NIOCore
import OceanAccess
import OceanBase
import OceanPlan

/// A connection to the engine that counts for several servers, let in and looked over.
struct SharedStateConnection: Sendable {
  /// How long the engine may take to be reached, and for each answer.
  private static let timeout = TimeAmount.seconds(2)

  let place: EnginePlace
  /// The engine's own words: `valkey 8.0.1`.
  let engine: String
  private let connection: RESPConnection
  /// The name that the engine has given to the script.
  private let script: String
  private let prefix: String

  init(
    to place: EnginePlace, _ settings: Plan.SharedState, password: SecretBytes?, on group: any EventLoopGroup
  ) async throws(BackendError) {
    if settings.password != nil, password == nil { throw .noPassword }
    connection = try await RESPConnection(to: place, settings, timeout: Self.timeout, on: group)
    (self.place, prefix) = (place, settings.prefix)
    do throws(BackendError) {
      engine = try await Self.greet(connection, settings, password)
      let loaded = try await connection.ask(
        ["SCRIPT", "LOAD", SharedStateScript.text].map { Array($0.utf8) })
      guard let script = loaded.string else { throw SharedStateError.answer(loaded, prefix) }
      self.script = script
    } catch {
      connection.close()
      throw error
    }
  }

  /// Tells what is new here, and returns what is new elsewhere.
  func exchange(_ arguments: [String]) async throws(BackendError) -> RESPValue {
    let keys = SharedStateScript.keys(prefix)
    let words = ["EVALSHA", script, "\(keys.count)"] + keys + arguments
    let answer = try await connection.ask(words.map { Array($0.utf8) })
    if case .error = answer { throw SharedStateError.answer(answer, prefix) }
    return answer
  }

  func close() { connection.close() }

  /// Says who this is, and looks whether the engine is one that can be used.
  private static func greet(
    _ connection: RESPConnection, _ settings: Plan.SharedState, _ password: SecretBytes?
  ) async throws(BackendError) -> String {
    var words = ["HELLO", "2"].map { Array($0.utf8) }
    if let password {
      words += ["AUTH", settings.user ?? "default"].map { Array($0.utf8) }
      words.append(password.withUnsafeBytes { Array($0) })
    }
    let hello = try await connection.ask(words)
    if case .error = hello { throw SharedStateError.answer(hello, settings.prefix) }
    return try SharedStateError.engine(hello)
  }
}
