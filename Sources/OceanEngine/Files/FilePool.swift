import NIOCore
import NIOPosix
import OceanStore
import Synchronization

/// Runs work that may wait for a file system, so that nobody waits for a file system other than his own.
///
/// Each file system has threads of its own, `Limits.threads` at most, made when they are needed: a file
/// system that hangs takes those and no others. The file system that a path leads to is found out in that
/// file system's own threads, too (`PathWalk`). Where all threads are taken, new work waits and takes turns
/// by mailbox.
///
/// Long work (`giveWay`) has half of a file system's threads, and waits behind new work. A call that does not
/// come back for a second is no longer counted among the threads, so that a message or a mailbox that hangs
/// does not take the threads of its whole file system. There may be `Limits.stuck` such calls.
final class FilePool: Sendable {
  struct Limits: Sendable {
    /// Threads of each file system that work at a time.
    var threads: Int
    /// Calls of each file system that do not come back, beside the threads that count.
    var stuck = 32
    /// Threads of each file system that wait for their next turn.
    var paused = 256
    /// How long a turn lasts while others wait.
    var turn = TimeAmount.milliseconds(20)
    /// The time after which a call counts as stuck.
    var stuckAfter = TimeAmount.seconds(1)
    /// How long a file system may take to show any sign before the jobs that wait for it are told.
    var timeout = TimeAmount.seconds(10)

    init(threads: Int) { self.threads = max(threads, 2) }
  }

  let systems: FileSystems
  private let limits: Limits
  private let now: @Sendable () -> NIODeadline
  private let report: @Sendable (FileSilence, _ isOver: Bool) -> Void
  private let state: Mutex<FilePoolState>

  /// - Parameter report: told when a file system does not answer, and when it answers again.
  init(
    _ limits: Limits, systems: FileSystems = FileSystems(),
    now: @escaping @Sendable () -> NIODeadline = { .now() },
    report: @escaping @Sendable (FileSilence, _ isOver: Bool) -> Void = { _, _ in }
  ) {
    (self.limits, self.systems, self.now, self.report) = (limits, systems, now, report)
    state = Mutex(FilePoolState(limits))
  }

  // MARK: - Jobs

  func submit(_ part: FilePart) { deal(job(part)) }

  private func job(_ part: FilePart) -> FileJob {
    switch part.place {
    case .own(let name): return FileJob(part, at: .own(name), walk: nil)
    case .path(let path):
      if let device = systems.device(of: path) { return FileJob(part, at: .device(device), walk: nil) }
      let walk = PathWalk(path, systems.table)
      return FileJob(part, at: .device(walk.mount.device), walk: walk)
    }
  }

  private func deal(_ job: FileJob) {
    let now = now()
    var effects = FilePoolState.Effects()
    let isAccepted = state.withLock { $0.deal(job, at: now, makeThread, &effects) }
    if !isAccepted { return refuse(job, .cancelled) }
    let loop = MultiThreadedEventLoopGroup.currentEventLoop
    // Another loop may be long at its turn.
    effects.awaited?.wakeIfQueued(by: loop)
    if let loop {
      for thread in effects.woken { thread.wakeAfterTurn(of: loop) }
      effects.woken = []
    }
    perform(effects)
  }

  private func makeThread(_ number: Int) -> FileThread { FileThread(number, of: self) }

  /// Carries out what was decided while the state was locked.
  private func perform(_ effects: FilePoolState.Effects) {
    for thread in effects.woken { thread.wake() }
    for thread in effects.made where !thread.start() {
      // The threads that exist do the work; if there are no others, nobody can.
      var others = FilePoolState.Effects()
      let jobs = state.withLock { $0.failedToStart(thread, &others) }
      perform(others)
      for job in jobs { refuse(job, .unanswered) }
    }
    for path in effects.stuck { systems.forget(path) }
    for job in effects.cancelled { refuse(job, .cancelled) }
    for job in effects.unanswered { refuse(job, .unanswered) }
    for tell in effects.told { tell() }
    for place in effects.silent { report(silence(place.key, place.silence), false) }
    for place in effects.answering { report(silence(place.key, place.silence), true) }
  }

  private func refuse(_ job: FileJob, _ verdict: FilePart.Verdict) {
    if let next = job.part.work(verdict) { submit(next) }
  }

  // MARK: - Threads

  /// The main function of a thread.
  func work(on thread: FileThread) {
    while let job = nextJob(thread) {
      var current: FileJob? = job
      while let job = current {
        let next = run(job)
        var effects = FilePoolState.Effects()
        let now = now()
        current = state.withLock { $0.finished(thread, next, at: now, makeThread, &effects) }
        perform(effects)
      }
    }
  }

  /// The next job of a thread; nil if there has been nothing to do for a long time.
  private func nextJob(_ thread: FileThread) -> FileJob? {
    while true {
      var effects = FilePoolState.Effects()
      let now = now()
      let assignment = state.withLock { $0.takeJob(thread, at: now, makeThread, &effects) }
      perform(effects)
      switch assignment {
      case .job(let job): return job
      case .ended: return nil
      case .none: break
      }
      if !thread.sleep(for: .seconds(10)), state.withLock({ $0.retire(thread) }) { return nil }
    }
  }

  /// - Returns: the next part of the job.
  private func run(_ job: FileJob) -> FileJob? {
    if job.part.cancellation?.isCancelled == true { return job.part.work(.cancelled).map(self.job) }
    if var walk = job.walk {
      if walk.isAtStart, systems.haveChanged() {
        systems.reread()
        walk = PathWalk(walk.path, systems.table)
      }
      switch walk.advance() {
      case .crossed: return FileJob(job.part, at: .device(walk.mount.device), walk: walk)
      case .arrived(let isCertain): if isCertain { systems.learn(walk.mount.device, of: walk.path) }
      }
    }
    return job.part.work(.go).map(self.job)
  }

  /// Lets others have their turn; to be called every few milliseconds by long work. Does nothing on threads
  /// that do not belong to a pool.
  static func giveWay() { FileThread.calling?.giveWay() }

  func giveWay(_ thread: FileThread) {
    let now = now()
    thread.sign = now
    guard now - thread.turnBegan >= limits.turn else { return }
    var effects = FilePoolState.Effects()
    let isPaused = state.withLock { $0.giveWay(thread, at: now, makeThread, &effects) }
    perform(effects)
    while isPaused, state.withLock({ $0.isPaused(thread) }) { _ = thread.sleep() }
    thread.turnBegan = self.now()
  }

  // MARK: - Silence

  /// Finds out which file systems do not answer, and ends work that nobody waits for; to be called about once
  /// a second.
  func inspect() {
    if systems.haveChanged() {
      submit(
        FilePart(place: .own("/proc/self/mountinfo"), turn: 0) { [systems] verdict in
          if verdict == .go { systems.reread() }
          return nil
        })
    }
    let now = now()
    var effects = FilePoolState.Effects()
    state.withLock { $0.inspect(at: now, makeThread, &effects) }
    perform(effects)
  }

  /// The file systems that do not answer, the longest silence first.
  func silences() -> [FileSilence] {
    let now = now()
    return state.withLock { $0.silences(at: now, atLeast: limits.stuckAfter) }.map {
      silence($0.key, $0.silence)
    }
    .sorted { $0.milliseconds > $1.milliseconds }
  }

  /// How many jobs wait for a thread.
  var waitingCount: Int { state.withLock { $0.waitingCount } }

  /// Whether a path leads to a file system that was reported as not answering.
  func isSilent(_ path: String) -> Bool {
    guard let device = systems.device(of: path) else { return false }
    return state.withLock { $0.isReported(.device(device)) }
  }

  private func silence(_ key: FileLane.Key, _ silence: FileSilence.Numbers) -> FileSilence {
    switch key {
    case .own(let name): FileSilence(path: name, type: nil, isOwn: true, silence)
    case .device(let device):
      systems.mount(of: device).map {
        FileSilence(path: $0.path.isEmpty ? "/" : $0.path, type: $0.type, silence)
      }
        ?? FileSilence(path: "device \(device)", type: nil, silence)
    }
  }

  // MARK: - End

  /// Stops the pool: nothing more begins.
  func stop() {
    var effects = FilePoolState.Effects()
    state.withLock { $0.stop(&effects) }
    perform(effects)
  }

  /// Returns when the work that was begun before `stop` has ended.
  func ended() async {
    await withCheckedContinuation { end in state.withLock { $0.whenEnded(end) } }
  }

  var threadCount: Int { state.withLock { $0.threadCount } }
}

/// A file system that does not answer.
struct FileSilence: Sendable {
  struct Numbers: Sendable {
    /// The age of the oldest call that has not come back.
    var milliseconds: Int
    /// Calls that have not come back.
    var calls: Int
    /// Jobs that wait behind them.
    var waiting: Int
  }

  /// Where it is mounted.
  let path: String
  /// The type as in mount(8); nil if it is not known.
  let type: String?
  /// Whether it is the server that has files there: its state directory, or accounts.
  let isOwn: Bool
  let numbers: Numbers

  init(path: String, type: String?, isOwn: Bool = false, _ numbers: Numbers) {
    (self.path, self.type, self.isOwn, self.numbers) = (path, type, isOwn, numbers)
  }

  var milliseconds: Int { numbers.milliseconds }
}
