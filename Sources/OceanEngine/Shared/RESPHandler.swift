import NIOCore
import OceanAccess

/// Sends commands to Valkey or Redis, and gives each the answer that belongs to it: they come in order.
final class RESPHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Command
  typealias OutboundOut = ByteBuffer

  struct Command: Sendable {
    let bytes: [UInt8]
    let answer: EventLoopPromise<RESPValue>
  }

  private var waiting = CircularBuffer<EventLoopPromise<RESPValue>>()
  private var received = ByteBuffer()
  /// Why there are no further answers.
  private var end: BackendError?

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let command = unwrapOutboundIn(data)
    if let end { return command.answer.fail(end) }
    waiting.append(command.answer)
    context.write(wrapOutboundOut(ByteBuffer(bytes: command.bytes)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard end == nil else { return }
    var buffer = unwrapInboundIn(data)
    received.writeBuffer(&buffer)
    do throws(RESPValue.Malformed) {
      while received.readableBytes > 0 {
        let found = try received.withUnsafeReadableBytes { bytes throws(RESPValue.Malformed) in
          try RESPValue.read(bytes)
        }
        guard let found else { break }
        // What nobody has asked for is not an answer.
        guard let answer = waiting.popFirst() else { throw .unknownType }
        received.moveReaderIndex(forwardBy: found.length)
        answer.succeed(found.value)
      }
      received.discardReadBytes()
    } catch {
      stop(.nonsense("it does not speak the protocol of Valkey and Redis"))
      context.close(promise: nil)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    stop(.unreachable("it closes the connection"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    stop(.unreachable(RESPConnection.words(error)))
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) { stop(.unreachable("it closes the connection")) }

  private func stop(_ reason: BackendError) {
    guard end == nil else { return }
    end = reason
    while let answer = waiting.popFirst() { answer.fail(reason) }
  }
}
