import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import OceanPlan

/// What is answered to which request.
struct ControlRoutes: Sendable {
  private static let bodyLimit = 1 << 20

  let engine: Engine
  let file: String

  /// Every answer is JSON, a failure too.
  ///
  /// - Throws: only if the request is not HTTP, or the connection is gone.
  func respond(to request: Request) async throws -> Response {
    do {
      switch (request.method, request.uri.path) {
      case (.get, ControlAPI.status):
        guard let status = await engine.status(file: file) else {
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
      case (_, ControlAPI.status), (_, ControlAPI.sessions), (_, ControlAPI.kick), (_, ControlAPI.address),
        (_, ControlAPI.blocks), (_, ControlAPI.unblock):
        return try failure(.methodNotAllowed, "\(request.method) is not possible here")
      default:
        return try failure(.notFound, "there is no \(request.uri.path)")
      }
    } catch is NIOTooManyBytesError {
      return try failure(.contentTooLarge, "more than \(Self.bodyLimit) octets")
    } catch let error as ControlAPI.DecodingFailure {
      return try failure(.badRequest, "\(error)")
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
