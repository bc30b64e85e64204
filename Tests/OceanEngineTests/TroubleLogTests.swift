import NIOCore
import Synchronization
import Testing

@testable import OceanEngine

@Suite struct TroubleLogTests {
  private let lines = LoggedLines()
  private let clock = Uptime()

  private func makeLog() -> TroubleLog {
    TroubleLog(logger: lines.logger, now: clock.now)
  }

  @Test func `each trouble is said once in an hour`() {
    let log = makeLog()
    for minute in 0..<90 {
      clock.set(minutes: minute)
      log.report("cannot", of: "anna", reason: "a: No space left", ["user": "anna"])
      log.report("cannot", of: "anna", reason: "b: No space left", ["user": "anna"])
    }
    let once = ["cannot reason=a: No space left user=anna", "cannot reason=b: No space left user=anna"]
    #expect(lines.taken == once + once)
  }

  @Test func `one mailbox does not hide another`() {
    let log = makeLog()
    for _ in 0..<2 {
      for number in 0..<100_000 { log.report("cannot", of: "anna", reason: "\(number)") }
      log.report("cannot", of: "berta", reason: "1")
    }
    let taken = lines.taken
    #expect(taken.count == TroubleLog.maxOfOne + 2)
    #expect(taken.suffix(2).first?.hasPrefix("there are more problems here ") == true)
    #expect(taken.last == "cannot reason=1")
  }

  @Test func `an hour has room for so many`() {
    let log = makeLog()
    for number in 0..<100_000 { log.report("cannot", of: "user \(number)", reason: "x") }
    #expect(lines.taken.count == TroubleLog.maxOfAll + 1)
    #expect(lines.taken.last?.hasPrefix("there are more problems with mail ") == true)
    clock.set(minutes: 61)
    log.report("cannot", of: "user 9", reason: "x")
    #expect(lines.taken.last == "cannot reason=x")
  }
}

private final class Uptime: Sendable {
  private let minutes = Atomic(1)

  func set(minutes: Int) { self.minutes.store(minutes + 1, ordering: .relaxed) }

  var now: @Sendable () -> NIODeadline {
    { [self] in .uptimeNanoseconds(0) + .minutes(Int64(minutes.load(ordering: .relaxed))) }
  }
}
