import Dispatch
import NIOCore
@testable import OceanEngine
import OceanStore
import Synchronization
import Testing

/// Threads for files, and file systems that do not answer.
@Suite struct FilePoolTests {
  /// A clock that tests set.
  private final class Clock: Sendable {
    private let nanoseconds = Atomic<UInt64>(1)

    var now: NIODeadline { .uptimeNanoseconds(nanoseconds.load(ordering: .relaxed)) }
    func advance(_ time: TimeAmount) {
      nanoseconds.wrappingAdd(UInt64(time.nanoseconds), ordering: .relaxed)
    }
  }

  /// Blocks every caller until it is opened.
  private final class AdmissionController: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    let arrivals = DispatchSemaphore(value: 0)

    func pass() {
      arrivals.signal()
      semaphore.wait()
      semaphore.signal()
    }
    func open() { semaphore.signal() }
    func awaitArrivals(_ count: Int) { for _ in 0..<count { arrivals.wait() } }
  }

  private final class Log: Sendable {
    private let entries = Mutex<[String]>([])
    private let changes = DispatchSemaphore(value: 0)

    func add(_ entry: String) {
      entries.withLock { $0.append(entry) }
      changes.signal()
    }
    /// Blocks a thread that tasks run on: no awaited call may need one.
    func await(_ count: Int) -> [String] {
      for _ in 0..<count { changes.wait() }
      return all
    }
    var all: [String] { entries.withLock { $0 } }
  }

  private let clock = Clock()
  private let gate = AdmissionController()
  private let log = Log()

  private func pool(threads: Int, stuck: Int = 32) -> FilePool {
    var limits = FilePool.Limits(threads: threads)
    limits.stuck = stuck
    return FilePool(
      limits, systems: FileSystems("/dev/null"), now: { [clock] in clock.now },
      report: { [log] silence, isOver in log.add("\(silence.path) \(isOver ? "answers" : "silent")") })
  }

  private func part(
    _ name: String, at place: String, turn: Int = 0, cancellation: Cancellation? = nil,
    isPatient: Bool = false, whenUnanswered: (@Sendable () -> Void)? = nil,
    _ work: @escaping @Sendable () -> Void
  ) -> FilePart {
    FilePart(
      place: .own(place), turn: turn, cancellation: cancellation, isPatient: isPatient,
      whenUnanswered: whenUnanswered
    ) { [log] verdict in
      if verdict == .go { work() }
      log.add("\(name) \(verdict)")
      return nil
    }
  }

  @Test func `what hangs keeps no one of another place waiting`() async {
    let pool = pool(threads: 2)
    for number in 0..<100 { pool.submit(part("h\(number)", at: "hung", turn: number, gate.pass)) }
    gate.awaitArrivals(2)
    pool.submit(part("anna", at: "local") {})
    #expect(log.await(1) == ["anna go"])
    #expect(pool.threadCount == 3)
    gate.open()
    _ = log.await(100)
    pool.stop()
    await pool.ended()
    #expect(pool.threadCount == 0)
  }

  @Test func `a part that follows is done at its own place`() async {
    let pool = pool(threads: 2)
    pool.submit(
      FilePart(place: .own("accounts"), turn: 0) { [log, gate] _ in
        FilePart(place: .own("mail"), turn: 0) { _ in
          gate.pass()
          log.add("done")
          return nil
        }
      })
    gate.awaitArrivals(1)
    // It does not delay work at the place before.
    for number in 0..<2 { pool.submit(part("\(number)", at: "accounts") {}) }
    #expect(Set(log.await(2)) == ["0 go", "1 go"])
    gate.open()
    #expect(log.await(1).last == "done")
    pool.stop()
    await pool.ended()
  }

  @Test func `those who wait take turns`() async {
    let pool = pool(threads: 2)
    for number in 0..<2 { pool.submit(part("held \(number)", at: "a", gate.pass)) }
    gate.awaitArrivals(2)
    let order = Log()
    for number in 0..<50 { pool.submit(part("", at: "a", turn: 1) { order.add("many \(number)") }) }
    pool.submit(part("", at: "a", turn: 2) { order.add("anna") })
    gate.open()
    _ = order.await(51)
    #expect((order.all.firstIndex(of: "anna") ?? .max) < 5)
    pool.stop()
    await pool.ended()
  }

  @Test func `what takes long gives way to what has just come, and goes on`() async {
    let pool = pool(threads: 2)
    let end = Cancellation()
    let started = DispatchSemaphore(value: 0)
    for number in 0..<8 {
      pool.submit(
        part("long \(number)", at: "a", turn: number) { [clock] in
          started.signal()
          while !end.isCancelled {
            clock.advance(.milliseconds(1))
            FilePool.giveWay()
          }
        })
    }
    for _ in 0..<8 { started.wait() }
    pool.submit(part("anna", at: "a", turn: 9) {})
    #expect(log.await(1) == ["anna go"])
    end.cancel()
    #expect(Set(log.await(8)).count == 9)
    pool.stop()
    await pool.ended()
  }

  @Test func `a file system that does not answer is told of once, and so is its end`() async {
    let pool = pool(threads: 2, stuck: 0)
    let told = Log()
    for number in 0..<2 {
      pool.submit(part("h\(number)", at: "hung", whenUnanswered: { told.add("\(number)") }, gate.pass))
    }
    gate.awaitArrivals(2)
    pool.submit(part("waiting", at: "hung") {})
    pool.submit(part("patient", at: "hung", isPatient: true) {})
    clock.advance(.seconds(9))
    pool.inspect()
    #expect(log.all.isEmpty && told.all.isEmpty)
    #expect(
      pool.silences().map { [$0.milliseconds, $0.numbers.calls, $0.numbers.waiting] } == [[9000, 2, 2]])
    clock.advance(.seconds(1))
    pool.inspect()
    clock.advance(.seconds(1))
    pool.inspect()
    #expect(Set(told.all) == ["0", "1"] && told.all.count == 2)
    #expect(log.all == ["waiting unanswered", "hung silent"])
    gate.open()
    #expect(
      Set(log.await(6)) == [
        "waiting unanswered", "hung silent", "hung answers", "h0 go", "h1 go", "patient go",
      ])
    pool.stop()
    await pool.ended()
    #expect(pool.silences().isEmpty)
  }

  @Test func `calls that hang are not all that is done at a place that answers`() async {
    let pool = pool(threads: 2, stuck: 4)
    for number in 0..<4 { pool.submit(part("h\(number)", at: "a", turn: number, gate.pass)) }
    gate.awaitArrivals(2)
    pool.submit(part("anna", at: "a", turn: 9) {})
    #expect(log.all.isEmpty)
    clock.advance(.seconds(1))
    pool.inspect()
    gate.awaitArrivals(2)
    clock.advance(.seconds(1))
    pool.inspect()
    #expect(log.await(1) == ["anna go"])
    gate.open()
    pool.stop()
    await pool.ended()
  }

  @Test func `what nobody waits for is not begun, and does not wait`() async {
    let pool = pool(threads: 2, stuck: 0)
    for number in 0..<2 { pool.submit(part("h\(number)", at: "a", gate.pass)) }
    gate.awaitArrivals(2)
    let cancellation = Cancellation()
    pool.submit(part("gone", at: "a", cancellation: cancellation) {})
    cancellation.cancel()
    clock.advance(.seconds(1))
    pool.inspect()
    #expect(log.all == ["gone cancelled"])
    gate.open()
    pool.stop()
    await pool.ended()
  }

  @Test func `nothing is begun once it has stopped, and nothing is lost`() async {
    let pool = pool(threads: 2)
    for number in 0..<2 { pool.submit(part("h\(number)", at: "a", gate.pass)) }
    gate.awaitArrivals(2)
    pool.submit(part("waiting", at: "a", isPatient: true) {})
    pool.stop()
    #expect(log.await(1) == ["waiting cancelled"])
    pool.submit(part("late", at: "b") {})
    #expect(log.await(1).last == "late cancelled")
    gate.open()
    await pool.ended()
    #expect(Set(log.all) == ["waiting cancelled", "late cancelled", "h0 go", "h1 go"])
  }
}
