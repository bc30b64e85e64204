import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import OceanControlAPI
import OceanPlan

/// Answers the requests of the control API.
struct ControlRoutes: Sendable {
  private static let bodyLimit = 1 << 20

  private static let planLimit = 256 << 20

  let engine: Engine
  let plans: any PlanControl
  /// The number of the user who asks.
  let user: UInt32

  /// Answers a request. Every answer is JSON, a failure too.
  ///
  /// - Throws: only if the request is not HTTP, or the connection is gone.
  func respond(to request: Request) async throws -> Response {
    do {
      switch (request.method, request.uri.path) {
      case (.get, ControlAPI.status):
        guard
          let status = await engine.status(
            file: plans.source(), unconfirmed: plans.unconfirmed(), takenBack: plans.takenBack(),
            policy: plans.policy(), damaged: plans.damagedFiles(), heldLists: plans.heldLists(),
            isFileUnchanged: { [plans] in plans.isFileUnchanged() })
        else {
          return try failure(.serviceUnavailable, "no plan is running")
        }
        return try reply(.ok, status)
      case (.get, ControlAPI.sessions):
        return try reply(.ok, await engine.sessions())
      case (.post, ControlAPI.kick):
        let selection: SessionSelection = try await body(of: request)
        return try reply(.ok, await engine.kick(selection))
      case (.post, ControlAPI.address):
        let question: AddressQuestion = try await body(of: request)
        guard let report = await engine.report(on: question) else {
          return try failure(.notFound, "no service '\(question.service)' is running")
        }
        return try reply(.ok, report)
      case (.get, ControlAPI.blocks):
        return try reply(.ok, await engine.blocks())
      case (.post, ControlAPI.unblock):
        let request: UnblockRequest = try await body(of: request)
        return try reply(.ok, await engine.unblock(request.addresses))
      case (.post, ControlAPI.forget):
        let request: ForgetRequest = try await body(of: request)
        return try reply(.ok, await engine.forgetLogins(of: request.user))
      case (.get, ControlAPI.plan):
        guard let file = await engine.runningFile else {
          return try failure(.serviceUnavailable, "no plan is running")
        }
        return Response(
          status: .ok, headers: [.contentType: "application/json"],
          body: ResponseBody(byteBuffer: ByteBuffer(bytes: try file.json)))
      case (.post, ControlAPI.apply):
        let bytes = try await request.body.collect(upTo: Self.planLimit)
        let file = try PlanFile(json: Array(bytes.readableBytesView))
        let parameters = try ApplyRequest(
          Dictionary(
            request.uri.queryParameters.map { (String($0), String($1)) }, uniquingKeysWith: { $1 }))
        return try reply(.ok, try await plans.apply(file, parameters, by: user))
      case (.post, ControlAPI.confirm):
        return try reply(.ok, try await plans.confirm(try await body(of: request), by: user))
      case (.post, ControlAPI.rollback):
        return try reply(.ok, try await plans.rollback(try await body(of: request), by: user))
      case (.post, ControlAPI.rollbackPreview):
        return try reply(.ok, try await plans.preview(try await body(of: request)))
      case (.get, ControlAPI.history):
        return try reply(.ok, try await plans.history())
      case (_, ControlAPI.status), (_, ControlAPI.plan), (_, ControlAPI.apply), (_, ControlAPI.confirm),
        (_, ControlAPI.rollback), (_, ControlAPI.rollbackPreview), (_, ControlAPI.history),
        (_, ControlAPI.sessions), (_, ControlAPI.kick),
        (_, ControlAPI.address),
        (_, ControlAPI.blocks), (_, ControlAPI.unblock), (_, ControlAPI.forget):
        return try failure(.methodNotAllowed, "\(request.method) is not possible here")
      default:
        return try failure(.notFound, "there is no \(request.uri.path)")
      }
    } catch is NIOTooManyBytesError {
      return try failure(.contentTooLarge, "the request is too long")
    } catch let error as ControlAPI.DecodingFailure {
      return try failure(.badRequest, "\(error)")
    } catch let error as PlanFile.ReadError {
      return try failure(.badRequest, "this is not a usable plan: \(error)")
    } catch let error as PlanControlError {
      return try failure(error.kind == .stale ? .conflict : .unprocessableContent, "\(error)")
    }
  }

  private func body<Message: Decodable>(of request: Request) async throws -> Message {
    let bytes = try await request.body.collect(upTo: Self.bodyLimit)
    return try ControlAPI.decode(Message.self, from: Array(bytes.readableBytesView))
  }

  private func failure(_ status: HTTPResponse.Status, _ error: String) throws -> Response {
    try reply(status, ControlFailure(error: error))
  }

  private func reply(_ status: HTTPResponse.Status, _ message: some Encodable) throws -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try ControlAPI.encode(message))))
  }
}
