import Synchronization
import Testing

@testable import OceanChange

@Suite struct ReloadsTests {
  /// Counts reloads, each of which lasts until it is released.
  private final class Work: Sendable {
    private let started = AsyncStream.makeStream(of: Int.self)
    private let gate = AsyncStream.makeStream(of: Void.self)
    private let count = Mutex(0)

    func run() async {
      started.continuation.yield(
        count.withLock {
          $0 += 1; return $0
        })
      for await _ in gate.stream { return }
    }

    func letGo() { gate.continuation.yield() }

    func waitForStart(_ number: Int) async {
      for await started in started.stream where started == number { return }
    }

    var starts: Int { count.withLock { $0 } }
  }

  @Test func `however often it is asked for one follows`() async {
    let work = Work()
    let reloads = Reloads { await work.run() }
    reloads.request()
    await work.waitForStart(1)
    for _ in 0..<100 { reloads.request() }
    #expect(work.starts == 1)
    work.letGo()
    await work.waitForStart(2)
    work.letGo()
    // The reload is over once another one starts at once.
    while work.starts < 3 {
      reloads.request()
      await Task.yield()
    }
    #expect(work.starts == 3)
    reloads.end()
    work.letGo()
  }

  @Test func `nothing is begun after the end`() async {
    let work = Work()
    let reloads = Reloads { await work.run() }
    reloads.request()
    await work.waitForStart(1)
    reloads.request()
    reloads.end()
    work.letGo()
    reloads.request()
    for _ in 0..<1000 { await Task.yield() }
    #expect(work.starts == 1)
  }
}
