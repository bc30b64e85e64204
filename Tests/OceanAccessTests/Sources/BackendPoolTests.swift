import Dispatch
import OceanAddresses
import Synchronization
import Testing

@testable import OceanAccess

/// What a pool does with connections that hang, fail or break. Connections are told what to do.
@Suite struct BackendPoolTests {
  private final class Told: Sendable {
    enum Order: Sendable {
      /// Waits until it is let go.
      case hang
      case fail(BackendError)
    }

    /// What the next questions get; nobody's account after that.
    let script: Mutex<[Order]>
    let hangs = DispatchSemaphore(value: 0)
    let connections = Atomic(0)
    let asked = Atomic(0)
    /// In nanoseconds. It stands unless a test moves it: a busy host may let seconds pass between two lines.
    let now = Atomic<Int64>(0)

    init(_ script: [Order] = []) { self.script = Mutex(script) }
  }

  private func question() -> AccountQuestion {
    AccountQuestion(names: [], defaultDomain: nil, service: "pop3", client: somewhere)
  }

  private func pool(
    _ told: Told, threads: Int = 1, milliseconds: Int64 = 5000, waiting: Int = 512
  ) -> BackendPool<Int> {
    BackendPool(
      .init(threads: threads, timeout: milliseconds * 1_000_000, waiting: waiting),
      clock: { told.now.load(ordering: .relaxed) }, jitter: { 0 },
      connect: { _ throws(BackendError) in told.connections.wrappingAdd(1, ordering: .relaxed).newValue },
      ask: { _, _, _ throws(BackendError) in
        told.asked.wrappingAdd(1, ordering: .relaxed)
        switch told.script.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        case nil: break
        case .hang: told.hangs.wait()
        case .fail(let error): throw error
        }
        return SourceAnswer(.nobody)
      })
  }

  private func ask(_ pool: BackendPool<Int>) async -> BackendError? {
    await withCheckedContinuation { continuation in
      pool.submit(question()) { outcome in
        if case .failure(let error) = outcome {
          continuation.resume(returning: error)
        } else {
          continuation.resume(returning: nil)
        }
      }
    }
  }

  @Test func `a connection is used again`() async {
    let told = Told()
    let pool = pool(told)
    for _ in 0..<3 { #expect(await ask(pool) == nil) }
    #expect(told.connections.load(ordering: .relaxed) == 1)
    pool.stop()
  }

  @Test func `a connection that broke while it was idle is made again at once`() async {
    let told = Told()
    let pool = pool(told)
    #expect(await ask(pool) == nil)
    told.script.withLock { $0 = [.fail(.unreachable("it was restarted"))] }
    #expect(await ask(pool) == nil)
    #expect(told.connections.load(ordering: .relaxed) == 2)
    #expect(pool.trouble == nil)
    pool.stop()
  }

  @Test func `a question is answered in time by a connection that hangs`() async {
    let told = Told([.hang])
    let pool = pool(told, milliseconds: 50)
    func pass() { told.now.wrappingAdd(50_000_000, ordering: .relaxed) }
    async let first = ask(pool)
    while told.asked.load(ordering: .relaxed) == 0 { await Task.yield() }
    pass()
    #expect(await first == .timedOut)
    // The next ones wait for the thread that hangs, in vain, but not for long.
    for number in 1...2 {
      async let next = ask(pool)
      while pool.waitingCount < number { await Task.yield() }
      pass()
      #expect(await next == .timedOut)
    }
    #expect(pool.trouble == BackendError.timedOut.reason)
    #expect(await ask(pool) == .resting(BackendError.timedOut.reason))
    told.hangs.signal()
    pool.stop()
  }

  /// Slow answers to others are no reason to call the source away.
  @Test func `questions that waited for others most of their time say nothing about the source`() async {
    let told = Told([.hang, .hang])
    let pool = pool(told, milliseconds: 50)
    async let first = ask(pool)
    while told.asked.load(ordering: .relaxed) == 0 { await Task.yield() }
    async let second = ask(pool)
    while pool.waitingCount == 0 { await Task.yield() }
    let others = (0..<4).map { _ in Task { await ask(pool) } }
    while pool.waitingCount < 5 { await Task.yield() }
    told.now.wrappingAdd(40_000_000, ordering: .relaxed)
    told.hangs.signal()
    #expect(await first == nil)
    while told.asked.load(ordering: .relaxed) == 1 { await Task.yield() }
    told.now.wrappingAdd(10_000_000, ordering: .relaxed)
    #expect(await second == .timedOut)
    for other in others { #expect(await other.value == .overloaded) }
    #expect(pool.trouble == nil)
    told.hangs.signal()
    #expect(await ask(pool) == nil)
    pool.stop()
  }

  @Test func `a connection that hangs leaves the others`() async {
    let told = Told([.hang])
    let pool = pool(told, threads: 2)
    async let hanging = ask(pool)
    while told.asked.load(ordering: .relaxed) == 0 { await Task.yield() }
    for _ in 0..<3 { #expect(await ask(pool) == nil) }
    told.hangs.signal()
    #expect(await hanging == nil)
    pool.stop()
  }

  @Test func `only so many questions wait`() async {
    let told = Told([.hang])
    let pool = pool(told, waiting: 1)
    async let first = ask(pool)
    while told.asked.load(ordering: .relaxed) == 0 { await Task.yield() }
    async let second = ask(pool)
    while pool.waitingCount == 0 { await Task.yield() }
    #expect(await ask(pool) == .overloaded)
    told.hangs.signal()
    #expect(await first == nil)
    #expect(await second == nil)
    pool.stop()
  }

  @Test func `a query that is refused keeps the connection`() async {
    let told = Told([.fail(.refused("no such column"))])
    let pool = pool(told)
    #expect(await ask(pool) == .refused("no such column"))
    #expect(await ask(pool) == nil)
    #expect(told.connections.load(ordering: .relaxed) == 1)
    pool.stop()
  }
}
