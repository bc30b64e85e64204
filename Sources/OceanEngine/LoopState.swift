import NIOCore
import OceanAddresses
import OceanControlAPI
import OceanMonitor
import OceanPlan
import OceanPOP3

/// What the sessions of one event loop share. Confined to that loop.
final class LoopState {
  let loop: any EventLoop
  /// Replies are put together here and written at once, so that a waiting session owns no buffer. If the
  /// socket does not take all of it, clearing it leaves the rest to the channel and makes a new one.
  var output: ByteBuffer
  /// What happened to this loop's clients.
  var counters = MonitorCounters()
  private var sessions: [SessionHandler] = []
  private var yielding: [SessionHandler] = []
  private var isYieldScheduled = false
  private var emptied: EventLoopPromise<Void>?
  private var sweeper: RepeatedTask?

  init(loop: any EventLoop) {
    self.loop = loop
    output = ByteBufferAllocator().buffer(capacity: 32 * 1024)
  }

  func add(_ session: SessionHandler) {
    session.position = sessions.count
    sessions.append(session)
    if sweeper == nil {
      let bound = NIOLoopBound(self, eventLoop: loop)
      sweeper = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
        bound.value.sweep()
      }
    }
  }

  func remove(_ session: SessionHandler) {
    guard let position = session.position else { return }
    sessions[position] = sessions[sessions.count - 1]
    sessions[position].position = position
    sessions.removeLast()
    session.position = nil
    if sessions.isEmpty {
      sweeper?.cancel()
      sweeper = nil
      emptied?.succeed()
      emptied = nil
    }
  }

  /// Hands on the replies of a session, and keeps the buffer for the next one.
  func withOutput(_ body: (ByteBuffer) -> Void) {
    // Writing may cause events that end up in the session again: they must not find the buffer a second time.
    var bytes = ByteBuffer()
    swap(&bytes, &output)
    body(bytes)
    bytes.clear()
    if output.readableBytes == 0 { output = bytes }
  }

  /// Long enough for a task not to be due yet, so that the loop looks at its sockets before it runs the task.
  private static let pause = TimeAmount.microseconds(10)

  /// Lets a session continue sending after the loop has looked at its sockets.
  ///
  /// A session asks once. A task of the loop would not do: the loop runs tasks that tasks add before it looks
  /// at its sockets, so that one client could keep all others waiting. Timers that are due are such tasks
  /// too, which is why one timer that is not due yet runs all the sessions.
  func yield(_ session: SessionHandler) {
    yielding.append(session)
    if !isYieldScheduled { scheduleYielding() }
  }

  private func scheduleYielding() {
    isYieldScheduled = true
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: Self.pause) { bound.value.resumeYielding() }
  }

  private func resumeYielding() {
    var sessions: [SessionHandler] = []
    swap(&sessions, &yielding)
    for session in sessions {
      session.resume()
    }
    isYieldScheduled = false
    if !yielding.isEmpty { scheduleYielding() }
  }

  /// Checks the deadline of every session. One look each second is cheaper than a timer per session that is
  /// moved at every command.
  private func sweep() {
    let now = loop.now
    sessions.first?.environment.files.inspect()
    for session in sessions { session.checkDeadline(at: now) }
  }

  /// Ends the sessions that are not logged in; the others may finish.
  ///
  /// - Returns: when the last session is gone.
  func drain() -> EventLoopFuture<Void> {
    for session in sessions where !session.isLoggedIn { session.interrupt(.shutdown) }
    if sessions.isEmpty { return loop.makeSucceededVoidFuture() }
    if let emptied { return emptied.futureResult }
    let promise = loop.makePromise(of: Void.self)
    emptied = promise
    return promise.futureResult
  }

  /// Ends all sessions. A drain waits no longer than `timeout` for those that do not end at once: their
  /// messages are being removed, or a thread works for them that nothing can stop.
  func endAll(timeout: TimeAmount) {
    for session in sessions { session.interrupt(.shutdown) }
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: timeout) {
      bound.value.emptied?.succeed()
      bound.value.emptied = nil
    }
  }

  /// Ends the sessions of an address that was blocked.
  func cutOff(_ prefix: IPPrefix) {
    for session in sessions where session.isHammeringCounted && prefix.contains(session.peer) {
      session.cutOff()
    }
  }

  /// Ends the sessions that the plan in force would not let in, if `treatment` wants them ended.
  ///
  func treat(
    _ treatment: SessionTreatment, by decisions: PlanDecisions
  ) -> EventLoopFuture<ApplyResult.Sessions> {
    if treatment == .keep { return loop.makeSucceededFuture(.init(kept: sessions.count, ended: 0)) }
    return reduce(into: ApplyResult.Sessions(kept: 0, ended: 0)) { result, session in
      let isWelcome = session.couldComeBack(by: decisions)
      let isSpared = isWelcome || treatment == .drain && session.isLoggedIn
      if !isSpared, session.interrupt(.kick) { result.ended += 1 } else { result.kept += 1 }
    }
  }

  /// Counts the sessions, and takes the oldest few of them.
  ///
  /// - Parameter limit: how many.
  func monitored(oldest limit: Int) -> EventLoopFuture<MonitoredSessions> {
    reduce(into: MonitoredSessions(limit: limit)) { [loop] in $0.add($1, at: loop.now) }
  }

  func snapshots() -> EventLoopFuture<[SessionSnapshot]> {
    reduce(into: []) { [loop] in $0.append($1.snapshot(at: loop.now)) }
  }

  /// - Parameter age: how long ago sessions must have begun.
  /// - Returns: the ids of the sessions that end because of it.
  func kick(_ selection: SessionSelection, olderThan age: TimeAmount = .zero) -> EventLoopFuture<[UInt64]> {
    let latest = loop.now - age
    return reduce(into: []) { ids, session in
      if session.isPart(of: selection), session.began <= latest, session.interrupt(.kick) {
        ids.append(session.id)
      }
    }
  }
}

// MARK: - All sessions

extension LoopState {
  /// How many sessions are looked at before the loop looks at its sockets: a tenth of a millisecond's work.
  private static let sessionsAtOnce = 256

  /// Looks at every session that exists now and does not end meanwhile, some at a time: no client has to wait
  /// until all sessions have been looked at.
  private func reduce<Result: Sendable>(
    into result: Result, _ body: @escaping (inout Result, SessionHandler) -> Void
  ) -> EventLoopFuture<Result> {
    let walk = Walk(sessions, result, body, loop.makePromise(of: Result.self))
    walk.step(on: loop)
    return walk.promise.futureResult
  }

  private final class Walk<Result: Sendable> {
    var rest: ArraySlice<SessionHandler>
    var result: Result
    let body: (inout Result, SessionHandler) -> Void
    let promise: EventLoopPromise<Result>

    init(
      _ sessions: [SessionHandler], _ result: Result,
      _ body: @escaping (inout Result, SessionHandler) -> Void, _ promise: EventLoopPromise<Result>
    ) {
      rest = sessions[...]
      self.result = result
      self.body = body
      self.promise = promise
    }

    func step(on loop: any EventLoop) {
      for session in rest.prefix(sessionsAtOnce) where session.position != nil { body(&result, session) }
      rest = rest.dropFirst(sessionsAtOnce)
      if rest.isEmpty { return promise.succeed(result) }
      let next = loop.assumeIsolated().scheduleTask(in: pause) { self.step(on: loop) }
      next.futureResult.whenFailure { [promise] in promise.fail($0) }
    }
  }
}
