import NIOCore
import OceanStore

extension FilePool {
  /// Does something with the files of a mailbox.
  ///
  /// - Parameters:
  ///   - cancellation: nil for work that must be done whatever happens to the client, however long it takes.
  ///   - loop: where the result is wanted.
  func run<Value: Sendable>(
    for mailbox: Mailbox, cancellation: Cancellation? = nil, on loop: any EventLoop,
    _ work: @escaping @Sendable () throws -> Value
  ) -> EventLoopFuture<Value> {
    let promise = loop.makePromise(of: Value.self)
    submit(
      FilePart(
        place: .path(mailbox.maildir), turn: mailbox.maildir.hashValue, cancellation: cancellation,
        isPatient: cancellation == nil
      ) { verdict in
        switch verdict {
        case .go: promise.completeWith(Result(catching: work))
        case .cancelled, .unanswered: promise.fail(StoreError.cancelled)
        }
        return nil
      })
    return promise.futureResult
  }

  /// Does something at a place with threads of its own.
  ///
  /// - Returns: nil if the work takes longer than `time`; it then goes on, but nobody waits for it.
  func run<Value: Sendable>(
    at place: FilePart.Place, within time: Duration, _ work: @escaping @Sendable () -> Value
  ) async -> Value? {
    let (results, result) = AsyncStream.makeStream(of: Value.self)
    let cancellation = Cancellation()
    submit(
      FilePart(place: place, turn: 0, cancellation: cancellation) { verdict in
        if verdict == .go { result.yield(work()) }
        result.finish()
        return nil
      })
    let timer = Task {
      try? await Task.sleep(for: time)
      cancellation.cancel()
      result.finish()
    }
    defer { timer.cancel() }
    for await value in results { return value }
    return nil
  }
}
