import Dispatch
import Synchronization
import Testing

@testable import OceanAccess

@Suite struct BudgetTests {
  /// More than there is counts as all of it, and does not wait for ever.
  @Test func `no more is taken than there is`() {
    let budget = Budget(10)
    let taken = Mutex((now: 0, most: 0))
    let amounts = [4, 4, 4, 12, 1, 1, 10, 3]
    DispatchQueue.concurrentPerform(iterations: 100 * amounts.count) { index in
      let amount = amounts[index % amounts.count]
      budget.with(amount) {
        taken.withLock { $0 = ($0.now + min(amount, 10), max($0.most, $0.now + min(amount, 10))) }
        taken.withLock { $0.now -= min(amount, 10) }
      }
    }
    #expect(taken.withLock { $0.now } == 0)
    #expect(taken.withLock { $0.most } == 10)
  }
}
