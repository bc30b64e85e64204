import NIOCore

/// Decides which thread does what, and what waits. Changes nothing outside: `Effects` says what is to be done
/// once the lock is given up.
///
/// While something waits for a file system, all threads of that file system are taken, or one is on its way. That one calls
/// the next when it is there, so a burst of short jobs wakes one thread or two, and not all of them.
struct FilePoolState {
  typealias Place = (key: FileLane.Key, silence: FileSilence.Numbers)

  struct Effects {
    var woken: [FileThread] = []
    /// Was to be woken before.
    var awaited: FileThread?
    var made: [FileThread] = []
    var cancelled: [FileJob] = []
    var unanswered: [FileJob] = []
    /// The paths of the jobs that do not come back.
    var stuck: [String] = []
    var told: [@Sendable () -> Void] = []
    var silent: [Place] = []
    var answering: [Place] = []
  }

  enum Assignment {
    case job(FileJob)
    case none
    case ended
  }

  /// A thread and its job.
  private struct Seat {
    let thread: FileThread
    /// The file system for whose jobs it was woken or made, until it is there.
    var calledTo: FileLane.Key?
    /// Nil if it is idle or on its way.
    var job: FileJob?
    var began = NIODeadline.uptimeNanoseconds(0)
    var isLong = false
    var isPaused = false
    var isStuck = false
    /// Whether the job was told that there is no answer.
    var isTold = false

    /// What its thread waits for.
    var place: FileLane.Key? { job.map { job in thread.elsewhere.map { .own($0) } ?? job.key } }
  }

  private let limits: FilePool.Limits
  private var lanes: [FileLane.Key: FileLane] = [:]
  /// By the threads' numbers; nil for numbers of threads that have ended, which are given again.
  private var seats: [Seat?] = []
  /// Idle threads; the last one to become idle is the first to work.
  private var idle: [Int] = []
  private var freeNumbers: [Int] = []
  /// Places that were reported not to answer, of which no lane tells: jobs of others go there on their way.
  private var reportedElsewhere: Set<FileLane.Key> = []
  private var inspected = NIODeadline.uptimeNanoseconds(0)
  private(set) var isStopping = false
  private var waitingForEnd: [CheckedContinuation<Void, Never>] = []

  init(_ limits: FilePool.Limits) { self.limits = limits }

  var threadCount: Int { seats.count - freeNumbers.count }

  var waitingCount: Int { lanes.values.reduce(0) { $0 + $1.waiting.count } }

  private var takenSeats: some Sequence<Seat> { seats.lazy.compactMap(\.self) }

  /// How many threads of a file system may do long work.
  private var maxLong: Int { limits.threads / 2 }

  // MARK: - Jobs

  /// - Returns: false once the pool has stopped.
  mutating func deal(
    _ job: FileJob, at now: NIODeadline, _ make: (Int) -> FileThread, _ effects: inout Effects
  ) -> Bool {
    guard !isStopping else { return false }
    let lane = lane(job.key, at: now)
    lane.waiting.append(job, of: job.part.turn)
    call(to: job.key, lane, make, &effects)
    return true
  }

  private mutating func lane(_ key: FileLane.Key, at now: NIODeadline) -> FileLane {
    if let lane = lanes[key] {
      if !lane.isBusy { lane.latestSign = now }
      return lane
    }
    // Lanes of plans that have gone, and of file systems that were unmounted, are removed.
    if lanes.count >= 64 { lanes = lanes.filter { $0.value.isBusy } }
    let lane = FileLane(at: now)
    lanes[key] = lane
    return lane
  }

  private mutating func freeThread(_ make: (Int) -> FileThread, _ effects: inout Effects) -> FileThread {
    if let number = idle.popLast(), let thread = seats[number]?.thread {
      effects.woken.append(thread)
      return thread
    }
    let number = freeNumbers.popLast() ?? seats.count
    let thread = make(number)
    if number == seats.count { seats.append(nil) }
    seats[number] = Seat(thread: thread)
    effects.made.append(thread)
    return thread
  }

  /// Gets a thread for what waits, unless one is on its way.
  private mutating func call(
    to key: FileLane.Key, _ lane: FileLane, _ make: (Int) -> FileThread, _ effects: inout Effects
  ) {
    guard !lane.waiting.isEmpty else { return }
    if let called = lane.called {
      effects.awaited = called
    } else if lane.running < limits.threads {
      let thread = freeThread(make, &effects)
      seats[thread.number] = Seat(thread: thread, calledTo: key)
      lane.called = thread
      lane.running += 1
    }
  }

  private mutating func begin(_ job: FileJob, on thread: FileThread, in lane: FileLane, at now: NIODeadline) {
    lane.running += 1
    seats[thread.number] = Seat(thread: thread, job: job, began: now)
    thread.sign = now
    thread.turnBegan = now
  }

  /// Gives what waits the threads that the file system may still have.
  ///
  /// - Parameter free: a thread that has nothing to do; nil once it has a job.
  private mutating func pump(
    _ key: FileLane.Key, _ lane: FileLane, _ free: inout FileThread?, at now: NIODeadline,
    _ make: (Int) -> FileThread, _ effects: inout Effects
  ) {
    while lane.running < limits.threads {
      let mayResume = !lane.paused.isEmpty && lane.long < maxLong
      if mayResume, lane.waiting.isEmpty || lane.passes >= 8, let thread = lane.paused.popFirst() {
        resume(thread, in: lane, &effects)
      } else if let thread = free, let job = lane.waiting.popFirst() {
        lane.passes = mayResume ? lane.passes + 1 : 0
        begin(job, on: thread, in: lane, at: now)
        free = nil
      } else {
        return call(to: key, lane, make, &effects)
      }
    }
  }

  private mutating func resume(_ thread: FileThread, in lane: FileLane, _ effects: inout Effects) {
    lane.passes = 0
    lane.running += 1
    lane.long += 1
    seats[thread.number]?.isPaused = false
    effects.woken.append(thread)
  }

  // MARK: - Threads

  mutating func takeJob(
    _ thread: FileThread, at now: NIODeadline, _ make: (Int) -> FileThread, _ effects: inout Effects
  ) -> Assignment {
    if let key = seats[thread.number]?.calledTo, let lane = lanes[key] {
      lane.called = nil
      lane.running -= 1
      seats[thread.number] = Seat(thread: thread)
      var free: FileThread? = thread
      pump(key, lane, &free, at: now, make, &effects)
      if let job = seats[thread.number]?.job { return .job(job) }
      idle.append(thread.number)
    }
    guard isStopping else { return .none }
    remove(thread)
    return .ended
  }

  /// - Returns: whether the thread is to end, because there are enough.
  mutating func retire(_ thread: FileThread) -> Bool {
    guard let seat = seats[thread.number], seat.job == nil, seat.calledTo == nil,
      threadCount > limits.threads
    else { return false }
    remove(thread)
    return true
  }

  private mutating func remove(_ thread: FileThread) {
    seats[thread.number] = nil
    freeNumbers.append(thread.number)
    idle.removeAll { $0 == thread.number }
    guard isStopping, threadCount == 0 else { return }
    for end in waitingForEnd { end.resume() }
    waitingForEnd = []
  }

  /// Notes that the system had no thread to give.
  ///
  /// - Returns: the jobs that nobody can do; those of a file system that has other threads are done by them.
  mutating func failedToStart(_ thread: FileThread, _ effects: inout Effects) -> [FileJob] {
    let key = seats[thread.number]?.calledTo
    remove(thread)
    guard let key, let lane = lanes[key] else { return [] }
    lane.called = nil
    lane.running -= 1
    if lane.running == 0, let thread = lane.paused.popFirst() { resume(thread, in: lane, &effects) }
    return lane.running > 0 ? [] : lane.waiting.removeAll { _ in true }
  }

  /// Notes that a thread has finished a part of a job.
  ///
  /// - Parameter next: the next part of the job.
  /// - Returns: the thread's next job; nil if it is idle.
  mutating func finished(
    _ thread: FileThread, _ next: FileJob?, at now: NIODeadline, _ make: (Int) -> FileThread,
    _ effects: inout Effects
  ) -> FileJob? {
    guard let seat = seats[thread.number], let key = seat.job?.key, let lane = lanes[key] else { return nil }
    if seat.isStuck {
      lane.stuck -= 1
    } else {
      lane.running -= 1
      if seat.isLong { lane.long -= 1 }
    }
    seats[thread.number] = Seat(thread: thread)
    lane.latestSign = now
    noteAnswer(of: lane, key, at: now, &effects)
    noteAnswersElsewhere(at: now, &effects)
    var free: FileThread? = thread
    if let next {
      if isStopping {
        effects.cancelled.append(next)
      } else {
        let target = self.lane(next.key, at: now)
        if target.waiting.isEmpty, target.running < limits.threads {
          begin(next, on: thread, in: target, at: now)
          free = nil
        } else {
          target.waiting.append(next, of: next.part.turn)
          call(to: next.key, target, make, &effects)
        }
      }
    }
    pump(key, lane, &free, at: now, make, &effects)
    // A login goes from the accounts to the mail: who is done there does not sleep while the next one waits here.
    if free != nil,
      let (key, lane) = lanes.first(where: { !$0.value.waiting.isEmpty && $0.value.running < limits.threads })
    {
      pump(key, lane, &free, at: now, make, &effects)
    }
    if free != nil { idle.append(thread.number) }
    return seats[thread.number]?.job
  }

  /// Notes that a thread has worked for a turn.
  ///
  /// - Returns: whether it must wait now.
  mutating func giveWay(
    _ thread: FileThread, at now: NIODeadline, _ make: (Int) -> FileThread, _ effects: inout Effects
  ) -> Bool {
    guard let seat = seats[thread.number], let key = seat.job?.key, let lane = lanes[key] else {
      return false
    }
    if seat.isStuck {
      lane.stuck -= 1
      lane.running += 1
      if seat.isLong { lane.long += 1 }
      seats[thread.number]?.isStuck = false
    }
    if !seat.isLong {
      lane.long += 1
      seats[thread.number]?.isLong = true
    }
    lane.latestSign = now
    noteAnswer(of: lane, key, at: now, &effects)
    let isWanted =
      lane.running > limits.threads || lane.long > maxLong || !lane.paused.isEmpty
      || !lane.waiting.isEmpty && lane.running == limits.threads
    guard isWanted, !isStopping, lane.paused.count < limits.paused, !(seat.job?.isCancelled ?? true) else {
      return false
    }
    lane.running -= 1
    lane.long -= 1
    seats[thread.number]?.isPaused = true
    lane.paused.append(thread)
    var free: FileThread?
    pump(key, lane, &free, at: now, make, &effects)
    return true
  }

  func isPaused(_ thread: FileThread) -> Bool { seats[thread.number]?.isPaused ?? false }

  // MARK: - Silence

  mutating func inspect(at now: NIODeadline, _ make: (Int) -> FileThread, _ effects: inout Effects) {
    // Each loop calls it.
    guard now - inspected >= .milliseconds(500) else { return }
    inspected = now
    for seat in takenSeats where seat.job != nil && !seat.isPaused {
      let number = seat.thread.number
      guard let key = seat.job?.key, let lane = lanes[key] else { continue }
      let sign = seat.thread.sign
      if sign > seat.began { lane.latestSign = max(lane.latestSign, sign) }
      if now - sign >= limits.stuckAfter, !seat.isStuck, lane.stuck < limits.stuck {
        seats[number]?.isStuck = true
        lane.stuck += 1
        lane.running -= 1
        if case .path(let path)? = seat.job?.part.place { effects.stuck.append(path) }
        if seat.isLong { lane.long -= 1 }
      }
      if now - sign >= limits.timeout, !seat.isTold, let tell = seat.job?.part.whenUnanswered {
        seats[number]?.isTold = true
        effects.told.append(tell)
      }
    }
    for (key, lane) in lanes where lane.isBusy { inspect(lane, key, at: now, make, &effects) }
    inspectElsewhere(at: now, &effects)
  }

  private mutating func inspectElsewhere(at now: NIODeadline, _ effects: inout Effects) {
    for key in Set(takenSeats.compactMap(\.place)) where lanes[key]?.isBusy != true {
      guard !reportedElsewhere.contains(key),
        let silence = silence(of: key, at: now, atLeast: limits.timeout)
      else { continue }
      reportedElsewhere.insert(key)
      effects.silent.append((key, silence))
    }
    noteAnswersElsewhere(at: now, &effects)
  }

  private mutating func noteAnswersElsewhere(at now: NIODeadline, _ effects: inout Effects) {
    for key in reportedElsewhere where silence(of: key, at: now, atLeast: limits.timeout) == nil {
      reportedElsewhere.remove(key)
      effects.answering.append((key, FileSilence.Numbers(milliseconds: 0, calls: 0, waiting: 0)))
    }
  }

  private mutating func inspect(
    _ lane: FileLane, _ key: FileLane.Key, at now: NIODeadline, _ make: (Int) -> FileThread,
    _ effects: inout Effects
  ) {
    effects.cancelled += lane.waiting.removeAll { $0.isCancelled }
    for thread in lane.paused where seats[thread.number]?.job?.isCancelled == true {
      lane.paused.removeAll { $0 === thread }
      resume(thread, in: lane, &effects)
    }
    // The sign may be old because nobody has asked since.
    if lane.called == nil, lane.running + lane.stuck > 0, now - lane.latestSign >= limits.timeout {
      effects.unanswered += lane.waiting.removeAll { !$0.part.isPatient }
    }
    let silence = silence(of: key, at: now, atLeast: limits.timeout)
    if let silence, !lane.isReported {
      lane.isReported = true
      effects.silent.append((key, silence))
    }
    var free: FileThread?
    pump(key, lane, &free, at: now, make, &effects)
  }

  /// Whether it was reported that a file system, or what is asked on the way there, does not answer.
  func isReported(_ key: FileLane.Key) -> Bool {
    lanes[key]?.isReported ?? false || !reportedElsewhere.isEmpty
  }

  private func noteAnswer(
    of lane: FileLane, _ key: FileLane.Key, at now: NIODeadline, _ effects: inout Effects
  ) {
    guard lane.isReported, silence(of: key, at: now, atLeast: limits.timeout) == nil else { return }
    lane.isReported = false
    effects.answering.append((key, FileSilence.Numbers(milliseconds: 0, calls: 0, waiting: 0)))
  }

  /// The calls that have not come back for at least that time; nil if every call comes back sooner.
  private func silence(
    of key: FileLane.Key, at now: NIODeadline, atLeast time: TimeAmount
  ) -> FileSilence.Numbers? {
    let ages = takenSeats.lazy.filter { !$0.isPaused && $0.place == key }
      .map { now - $0.thread.sign }.filter { $0 >= time }
    guard let oldest = ages.max() else { return nil }
    return FileSilence.Numbers(
      milliseconds: Int(oldest.nanoseconds / 1_000_000), calls: ages.count { _ in true },
      waiting: lanes[key]?.waiting.count ?? 0)
  }

  func silences(at now: NIODeadline, atLeast time: TimeAmount) -> [Place] {
    Set(lanes.keys).union(takenSeats.compactMap(\.place)).compactMap { key in
      silence(of: key, at: now, atLeast: time).map { (key, $0) }
    }
  }

  // MARK: - End

  mutating func stop(_ effects: inout Effects) {
    isStopping = true
    for lane in lanes.values {
      // What must be done is done by the thread that is on its way.
      effects.cancelled += lane.waiting.removeAll { lane.called == nil || !$0.part.isPatient }
      while let thread = lane.paused.popFirst() { resume(thread, in: lane, &effects) }
    }
    effects.woken += idle.compactMap { seats[$0]?.thread }
  }

  /// - Parameter end: resumed when no thread is left.
  mutating func whenEnded(_ end: CheckedContinuation<Void, Never>) {
    if threadCount == 0 { end.resume() } else { waitingForEnd.append(end) }
  }
}
