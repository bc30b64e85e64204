import Testing

@testable import OceanAccess

/// When a source that is away is asked again.
@Suite struct BackendHealthTests {
  /// In a place of its own, so that expectations can change it.
  private final class Health {
    private var value = BackendHealth()

    func admits(at now: Int64) -> Bool { value.admits(at: now) }
    func succeeded() -> BackendHealth.Change? { value.succeeded() }
    var trouble: String? { value.trouble }

    @discardableResult
    func failed(_ error: BackendError, at now: Int64, jitter: Double) -> BackendHealth.Change? {
      value.failed(error, at: now, jitter: jitter)
    }
  }

  private let gone = BackendError.unreachable("connection refused")
  private let second: Int64 = 1_000_000_000

  @Test func `a source that is away is tried by one question at a time`() {
    let health = Health()
    #expect(health.admits(at: 0))
    #expect(health.failed(gone, at: 0, jitter: 1) == .away("connection refused"))
    #expect(health.trouble == "connection refused")
    #expect(!health.admits(at: BackendHealth.firstPause - 1))
    #expect(health.admits(at: BackendHealth.firstPause))
    #expect(!health.admits(at: BackendHealth.firstPause + 5))
    #expect(health.succeeded() == .back)
    #expect(health.admits(at: BackendHealth.firstPause + 6) && health.trouble == nil)
  }

  @Test func `each try in vain doubles the pause, up to a bound`() {
    let health = Health()
    health.failed(gone, at: 0, jitter: 0)
    var now: Int64 = 0
    var pauses: [Int64] = []
    for _ in 0..<8 {
      let start = now
      while !health.admits(at: now) { now += 1_000_000 }
      pauses.append(now - start)
      // It went away once, and is told once.
      #expect(health.failed(gone, at: now, jitter: 0) == nil)
    }
    let first = BackendHealth.firstPause / 2
    #expect(pauses == [1, 2, 4, 8, 16, 32, 32, 32].map { $0 * first })
  }

  @Test func `chance takes up to half of a pause`() {
    for (jitter, pause) in [(0.0, 2), (0.5, 3), (1, 4)] as [(Double, Int64)] {
      let health = Health()
      health.failed(gone, at: 0, jitter: jitter)
      let end = BackendHealth.firstPause / 4 * pause
      #expect(!health.admits(at: end - 1) && health.admits(at: end))
    }
  }

  @Test func `a single slow answer is no absence, several in a row are`() {
    let health = Health()
    #expect(health.failed(.timedOut, at: 0, jitter: 0) == nil)
    #expect(health.failed(.timedOut, at: 0, jitter: 0) == nil)
    #expect(health.succeeded() == nil)
    #expect(health.failed(.timedOut, at: 0, jitter: 0) == nil)
    #expect(health.failed(.timedOut, at: 0, jitter: 0) == nil)
    #expect(health.failed(.timedOut, at: 0, jitter: 0) == .away(BackendError.timedOut.reason))
  }

  @Test func `a query that is refused shows that the source is there`() {
    let health = Health()
    health.failed(gone, at: 0, jitter: 0)
    #expect(health.admits(at: 10 * second))
    #expect(health.failed(.refused("no such table"), at: 10 * second, jitter: 0) == .back)
  }
}
