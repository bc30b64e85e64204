internal import Glibc
internal import OceanBase

/// The threads that ask one source outside of this process, each with a connection of its own, and the questions that
/// wait for them.
///
/// Nobody waits longer than the time that a question has: a thread that hangs in a library hangs alone. Threads are made
/// when they are needed, and end with their connection when there has been nothing to do for a minute.
final class BackendPool<Connection>: @unchecked Sendable {
  struct Limits: Sendable {
    /// Threads, and so connections.
    var threads: Int
    /// How long a question may take, with its wait, in nanoseconds.
    var timeout: Int64
    /// Questions that wait for a thread.
    var waiting = 512
    /// How long an idle connection is kept, in nanoseconds.
    var idle: Int64 = 60_000_000_000
  }

  typealias Connect = @Sendable (_ deadline: Int64) throws(BackendError) -> Connection
  typealias Ask =
    @Sendable (Connection, AccountQuestion, _ deadline: Int64) throws(BackendError) -> SourceAnswer
  typealias Outcome = Result<SourceAnswer, BackendError>

  private final class Job {
    let question: AccountQuestion
    let started: Int64
    let deadline: Int64
    /// When a thread began to ask it; nil while it waits.
    var asked: Int64?
    /// Whether its time is over because the source took most of it.
    var isHanging = false
    /// Nil once it is answered.
    var done: (@Sendable (Outcome) -> Void)?

    init(
      _ question: AccountQuestion, started: Int64, deadline: Int64,
      _ done: @escaping @Sendable (Outcome) -> Void
    ) {
      (self.question, self.started, self.deadline, self.done) = (question, started, deadline, done)
    }
  }

  private let limits: Limits
  private let connect: Connect
  private let ask: Ask
  private let clock: @Sendable () -> Int64
  private let jitter: @Sendable () -> Double
  private let changed: @Sendable (BackendHealth.Change) -> Void

  // Guarded by `lock`. Condition variables must not move, hence the pointers in it.
  private let lock = TimedLock()
  private var waiting: [Job] = []
  /// Every question that has no answer yet, in the order of deadlines.
  private var open: [Job] = []
  private var threads = 0
  /// The threads that are still at a question whose time is over.
  private var hanging = 0
  private var idle = 0
  private var isWatched = false
  private var isStopped = false
  private var health = BackendHealth()

  /// - Parameters:
  ///   - clock: a clock that nobody sets, in nanoseconds.
  ///   - jitter: a number from 0 to 1 for each pause.
  ///   - changed: told when the source goes away, and when it is back.
  init(
    _ limits: Limits, clock: @escaping @Sendable () -> Int64 = { SystemClock.boot.now },
    jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) },
    changed: @escaping @Sendable (BackendHealth.Change) -> Void = { _ in }, connect: @escaping Connect,
    ask: @escaping Ask
  ) {
    (self.limits, self.connect, self.ask) = (limits, connect, ask)
    (self.clock, self.jitter, self.changed) = (clock, jitter, changed)
  }

  /// How many questions wait for a thread.
  var waitingCount: Int { lock.with { waiting.count } }

  /// Half a sentence: why the source is away; nil if it answers.
  var trouble: String? { lock.with { health.trouble } }

  /// Asks a question. Never blocks.
  ///
  /// - Parameter done: called once, on a thread of the pool, or on the caller's if there is no place.
  func submit(_ question: AccountQuestion, _ done: @escaping @Sendable (Outcome) -> Void) {
    let now = clock()
    let refusal: BackendError? = lock.with {
      guard !isStopped else { return .overloaded }
      guard waiting.count < limits.waiting else { return .overloaded }
      guard health.admits(at: now) else { return .resting(health.trouble ?? "") }
      let job = Job(question, started: now, deadline: now + limits.timeout, done)
      waiting.append(job)
      open.append(job)
      if idle < waiting.count, threads < limits.threads {
        threads += 1
        if !SystemThread.startDetached({ [self] in work() }) { threads -= 1 }
      }
      if !isWatched { isWatched = SystemThread.startDetached { [self] in watch() } }
      if threads == 0 || !isWatched {
        waiting.removeLast()
        open.removeLast()
        health.abandoned()
        return .overloaded
      }
      lock.wakeOne()
      return nil
    }
    if let refusal { done(.failure(refusal)) }
  }

  /// Ends the threads, once they have nothing under way. Questions that wait are not asked.
  func stop() {
    let left = lock.with {
      isStopped = true
      lock.wakeAll()
      defer { (waiting, open) = ([], []) }
      return open.compactMap { job in
        defer { job.done = nil }
        return job.done
      }
    }
    for done in left { done(.failure(.overloaded)) }
  }

  // MARK: - Threads

  private func work() {
    var connection: Connection?
    while let job = next() {
      let outcome = answer(job, &connection)
      let now = clock()
      let (done, change) = lock.with { finish(job, outcome, at: now) }
      if let change { changed(change) }
      done?(outcome)
    }
  }

  private func next() -> Job? {
    lock.with {
      let end = clock() + limits.idle
      while true {
        // What is answered already, late, needs no answer.
        while let job = waiting.first {
          waiting.removeFirst()
          guard job.done != nil else { continue }
          job.asked = clock()
          return job
        }
        let left = end - clock()
        guard !isStopped, left > 0 else {
          threads -= 1
          return nil
        }
        idle += 1
        lock.wait(nanoseconds: left)
        idle -= 1
      }
    }
  }

  private func answer(_ job: Job, _ connection: inout Connection?) -> Outcome {
    let wasOpen = connection != nil
    var outcome = attempt(job, &connection)
    // The source was restarted, or has closed a connection that was idle. That is no trouble yet.
    if wasOpen, case .failure(.unreachable) = outcome, clock() < job.deadline {
      outcome = attempt(job, &connection)
    }
    return outcome
  }

  private func attempt(_ job: Job, _ connection: inout Connection?) -> Outcome {
    do throws(BackendError) {
      let open: Connection
      if let connection {
        open = connection
      } else {
        open = try connect(job.deadline)
        connection = open
      }
      return .success(try ask(open, job.question, job.deadline))
    } catch {
      if !error.keepsConnection { connection = nil }
      return .failure(error)
    }
  }

  private func finish(
    _ job: Job, _ outcome: Outcome, at now: Int64
  ) -> (done: (@Sendable (Outcome) -> Void)?, BackendHealth.Change?) {
    let done = job.done
    job.done = nil
    open.removeAll { $0 === job }
    // If the watch has given up on it, that was what counts.
    guard done != nil else {
      if job.isHanging { hanging -= 1 }
      return (nil, nil)
    }
    switch outcome {
    case .success: return (done, health.succeeded())
    case .failure(let error): return (done, health.failed(error, at: now, jitter: jitter()))
    }
  }

  /// Answers questions whose time is over. Ends when there are no threads any more.
  ///
  /// It sleeps until the first of them is due, and never longer than a new question may take: so nobody has to wake it.
  private func watch() {
    while true {
      let now = clock()
      var late: [(done: @Sendable (Outcome) -> Void, BackendError, change: BackendHealth.Change?)] = []
      let pause: Int64? = lock.with {
        while let job = open.first, job.deadline <= now {
          open.removeFirst()
          guard let done = job.done else { continue }
          job.done = nil
          // One that waited for others most of the time says nothing about the source.
          job.isHanging = job.asked.map { now - $0 >= limits.timeout / 2 } ?? false
          if job.isHanging { hanging += 1 }
          let isAway = job.asked == nil ? hanging >= threads : job.isHanging
          var change: BackendHealth.Change?
          if isAway {
            change = health.failed(.timedOut, at: now, jitter: jitter())
          } else {
            health.abandoned()
          }
          late.append((done, job.asked == nil && !isAway ? .overloaded : .timedOut, change))
        }
        if open.isEmpty, threads == 0 {
          isWatched = false
          return nil
        }
        return min((open.first?.deadline).map { max($0 - now, 1_000_000) } ?? .max, limits.timeout)
      }
      for (done, error, change) in late {
        if let change { changed(change) }
        done(.failure(error))
      }
      guard let pause else { return }
      var time = timespec(tv_sec: Int(pause / 1_000_000_000), tv_nsec: Int(pause % 1_000_000_000))
      nanosleep(&time, nil)
    }
  }
}
